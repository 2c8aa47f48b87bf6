import { readFileSync } from 'node:fs';
import { hostname as machineName } from 'node:os';
import { platformOf } from '../image/entry.ts';
import { ensureUnpacked, type Lowers } from '../image/layers.ts';
import { formatPlatform, hostPlatform, requireLinux, runsHere } from '../image/platform.ts';
import { ImageStore } from '../image/store.ts';
import type { ImageDefaults, ImageRecord } from '../image/types.ts';
import type { PlainPaths } from '../plan/compile/options.ts';
import { type HostFacts, holds } from '../plan/host.ts';
import { hostFacts } from '../runtime/host.ts';
import { SIGTERM, signalNumber } from '../spec/linux.ts';
import type { SeccompTarget } from '../spec/seccomp-profile.ts';
import type { Mount, Spec } from '../spec/types.ts';
import type { Roots } from '../store/paths.ts';
import { rfc3339 } from '../store/time.ts';
import type { DefaultProfile } from './apparmor.ts';
import { checkConfig } from './config/check.ts';
import { commandOf } from './config/command.ts';
import { ConfigError } from './config/error.ts';
import { type FindPid, namespacesOf } from './config/namespaces.ts';
import type { ContainerConfig, SecurityConfig } from './config/types.ts';
import { type ResolvedUser, resolveUser } from './config/user.ts';
import { checkCidfile } from './create.ts';
import { findImage } from './find-image.ts';
import { type HostFile, hostFileMounts, hostFiles, plainPaths } from './hostfiles.ts';
import { idMapsOf } from './idmaps.ts';
import { accountsFile } from './layer-file.ts';
import { containerPaths, rootfsPoint } from './layout.ts';
import { newContainerId } from './names.ts';
import type { ContainerRecord, MountPoint } from './record.ts';
import { checkHost } from './requirements.ts';
import { buildSpec } from './spec.ts';
import type { CreateOptions, Notify, RunControl } from './types.ts';

/** A container thought through to its spec, with nothing of it made yet. */
export interface Blueprint {
  readonly config: ContainerConfig;
  /** Without a name: taking one is the first thing that is made. */
  readonly record: Omit<ContainerRecord, 'name'>;
  readonly spec: Spec;
  readonly layers: Lowers;
  readonly files: readonly HostFile[];
  readonly plain: PlainPaths;
  /** Directories of the host that are to be bound and are missing. */
  readonly missingSources: readonly string[];
  readonly host: HostFacts;
  /** What the kernel is to learn of the profile that the spec names. */
  readonly policy?: Uint8Array | undefined;
}

/**
 * Checks everything a container needs and reads what the host and the image say: all that a person can have got wrong is
 * found here.
 * @throws TinyrunError
 */
export async function prepare(
  roots: Roots,
  config: ContainerConfig,
  options: CreateOptions & Pick<RunControl, 'id'>,
  findPid: FindPid,
): Promise<Blueprint> {
  const host = hostFacts();
  checkHost(host);
  const checked = checkConfig(config, host);
  checkCidfile(options.cidfile);
  const { id = newContainerId() } = options;
  const hostname = hostnameOf(config, id);
  const files = hostFiles(config, hostname);
  const image = await findImage(roots.dataRoot, config, options);
  checkPlatform(config, image, options.notify);
  const defaults = image.config.config ?? {};
  const argv = commandOf(config, defaults);
  const layers = await ensureUnpacked(new ImageStore(roots.dataRoot), image);
  const { security = {} } = config;
  const idMaps = checked.modes.user === 'private' ? idMapsOf(host) : undefined;
  const profile = await apparmorOf(security, host);
  const spec = buildSpec({
    id,
    config,
    checked,
    argv,
    image: defaults,
    user: userOf(config, defaults, layers.lowers),
    rootfs: rootfsPoint(roots),
    host,
    hardNofile: hardNofile(host),
    hostname,
    namespaces: namespacesOf(checked.modes, findPid),
    idMaps,
    readProfile: await profileReader(security),
    apparmor: profile?.name,
    mounts: [
      ...checked.mounts,
      ...hostFileMounts(files, containerPaths(roots, id).data, checked.mounts, {
        mapped: idMaps !== undefined,
        readOnly: config.readOnly,
      }),
    ],
  });
  return {
    config,
    record: recordOf(config, image, {
      id,
      argv,
      hostname,
      layers: layers.lowers,
      mounts: bindsOf(checked.mounts),
      apparmor: profile?.name,
    }),
    spec,
    layers,
    files,
    plain: plainPaths(defaults),
    missingSources: checked.missingSources,
    host,
    policy: profile?.policy,
  };
}

/** The default profile where there is one; `unconfined` and privileged ones go without. */
async function apparmorOf(
  { apparmor: name, privileged }: SecurityConfig,
  host: HostFacts,
): Promise<DefaultProfile | undefined> {
  if (name !== undefined) return { name };
  if (privileged || !host.apparmor) return undefined;
  const { defaultProfile } = await import('./apparmor.ts');
  return defaultProfile(host);
}

/** What a profile of one's own asks for; the reader of profiles is loaded for nobody else. */
async function profileReader({ seccomp }: SecurityConfig) {
  if (typeof seccomp !== 'object') return undefined;
  const { readSeccompProfile } = await import('../spec/seccomp-profile.ts');
  return (target: SeccompTarget) => readSeccompProfile(seccomp.text, seccomp.name, target);
}

/** Docker's warning, unless the platform was asked for; emulation may be set up (binfmt_misc), so it is tried. */
function checkPlatform(
  { image: name, platform }: ContainerConfig,
  { config }: ImageRecord,
  notify: Notify = () => {},
): void {
  requireLinux(config, `image ${name}`);
  const own = platformOf(config);
  if (platform !== undefined || runsHere(own)) return;
  const [wanted, host] = [own, hostPlatform()].map(formatPlatform);
  notify(
    `WARNING: The requested image's platform (${wanted}) does not match the detected host platform (${host}) and no specific platform was requested`,
  );
}

/** Where the network or the uts namespace is the host's, the machine's own name, as Docker has it. */
function hostnameOf({ hostname, network, namespaces }: ContainerConfig, id: string): string {
  const shared = network === 'host' || namespaces?.uts === 'host';
  const name = hostname ?? (shared ? machineName() : id.slice(0, 12));
  if (/^[a-zA-Z0-9]([a-zA-Z0-9_.-]{0,62}[a-zA-Z0-9])?$/.test(name)) return name;
  throw new ConfigError('hostname', 'not a host name of at most 64 characters');
}

function userOf(config: ContainerConfig, image: ImageDefaults, layers: readonly string[]): ResolvedUser {
  const accounts = {
    passwd: accountsFile(layers, 'etc/passwd'),
    group: accountsFile(layers, 'etc/group'),
  };
  return resolveUser(config.user ?? image.User ?? '', accounts, config.groups);
}

/** RLIMIT_NOFILE of this process; proc_pid_limits(5). */
function hardNofile(host: HostFacts): number {
  if (holds(host, 'CAP_SYS_RESOURCE')) return Number.POSITIVE_INFINITY;
  const line = /^Max open files +\S+ +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return line?.[1] === undefined || line[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line[1]);
}

/** The image's word is advice: one that names no signal is SIGTERM, as with Docker. */
const stopSignalOf = ({ stop }: ContainerConfig, { StopSignal = '' }: ImageDefaults): number =>
  stop?.signal ?? signalNumber(StopSignal) ?? SIGTERM;

function recordOf(
  config: ContainerConfig,
  image: ImageRecord,
  {
    layers,
    ...made
  }: Pick<ContainerRecord, 'id' | 'argv' | 'hostname' | 'mounts' | 'apparmor'> & {
    layers: readonly string[];
  },
): Omit<ContainerRecord, 'name'> {
  const defaults = image.config.config ?? {};
  return {
    version: 2,
    ...made,
    created: rfc3339(),
    config,
    image: { id: image.id, layers },
    labels: { ...defaults.Labels, ...config.labels },
    stopSignal: stopSignalOf(config, defaults),
  };
}

const bindsOf = (mounts: readonly Mount[]): MountPoint[] =>
  mounts.flatMap(({ type, source, destination, options = [] }) =>
    type === 'bind' && source ? [{ source, destination, options }] : [],
  );
