import type { ContainerPaths } from '../engine/layout.ts';
import { type ContainerView, codeOf, startOf } from '../engine/record.ts';
import { isRunning } from '../engine/status.ts';
import type { Why } from '../engine/why.ts';
import type { ImageDefaults } from '../image/types.ts';
import type { Sizes } from './containers.ts';
import { describeConfig, orNull } from './inspect-config.ts';
import { describeHostConfig } from './inspect-host-config.ts';
import { describeMounts } from './inspect-mounts.ts';
import { describeNetwork } from './inspect-network.ts';
import { withOmitted } from './omitted.ts';
import { describeWhy } from './why-data.ts';

/** What is known of a container beside its record. */
export interface Surroundings {
  readonly paths: ContainerPaths;
  /** Where its root file system is attached. */
  readonly rootfs: string;
  /** Missing where the image is gone. */
  readonly image?: ImageDefaults | undefined;
  readonly sizes?: Sizes | undefined;
  /** When its process came to be, where that is still to be seen; RFC 3339. */
  readonly started?: string | undefined;
  /** Ids of what runs in it beside its first process. */
  readonly execs?: readonly string[] | undefined;
  /** What is known of its end. */
  readonly why?: Why | undefined;
}

/**
 * All of Docker's keys, in its order: what a container is, under the names that scripts read. What Docker knows and no
 * record tells has Docker's empty value.
 */
export function describeContainer(
  view: ContainerView,
  { paths, rootfs, image = {}, sizes, started, why, execs }: Surroundings,
) {
  const { record } = view;
  const [path = '', ...args] = record.argv;
  const described = {
    Id: record.id,
    Created: record.created,
    Path: path,
    Args: args,
    State: withOmitted({ ...describeState(view, started), ...(why && { Why: describeWhy(why) }) }, 'state'),
    Image: record.image.id,
    ResolvConfPath: `${paths.data}/resolv.conf`,
    HostnamePath: `${paths.data}/hostname`,
    HostsPath: `${paths.data}/hosts`,
    LogPath: record.config.log?.driver === 'none' ? '' : paths.log,
    Name: `/${record.name}`,
    RestartCount: record.restarts ?? 0,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: record.apparmor ?? record.config.security?.apparmor ?? '',
    ExecIDs: orNull(execs),
    HostConfig: withOmitted(describeHostConfig(record.config), 'hostConfig'),
    GraphDriver: {
      Data: {
        LowerDir: record.image.layers.join(':'),
        MergedDir: rootfs,
        UpperDir: paths.upper,
        WorkDir: paths.work,
      },
      Name: 'overlay2',
    },
    ...(sizes && { SizeRw: sizes.own, SizeRootFs: sizes.virtual }),
    Mounts: describeMounts(record).map((mount) => withOmitted(mount, 'mount')),
    Config: withOmitted(describeConfig(record, image), 'config'),
    NetworkSettings: describeNetwork(view),
  };
  return withOmitted(described, 'container');
}

/** Go's zero time: it has not happened. */
const NEVER = '0001-01-01T00:00:00Z';

/** One that nobody saw starting has run since it was to. */
function describeState({ record, status, state, health }: ContainerView, seen: string | undefined) {
  const { exit, failure } = record;
  const running = isRunning({ status });
  return {
    Status: status,
    // as Docker has it: it is about to
    Running: running || status === 'restarting',
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: exit?.oomKilled ?? false,
    Dead: status === 'dead',
    Pid: running ? (state?.pid ?? 0) : 0,
    ExitCode: codeOf(record),
    Error: failure?.message ?? exit?.note ?? '',
    StartedAt: status === 'created' ? NEVER : (exit?.started ?? seen ?? startOf(record)),
    FinishedAt: exit?.finished ?? NEVER,
    ...(health && { Health: health }),
  };
}
