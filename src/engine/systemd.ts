import { TinyrunError } from '../errors.ts';
import type { CgroupFacts } from '../plan/host.ts';
import type { Mount } from '../spec/types.ts';
import { ConfigError } from './config/error.ts';
import type { Modes } from './config/namespaces.ts';
import type { ContainerConfig } from './config/types.ts';
import type { ResolvedUser } from './config/user.ts';

// What systemd wants of whoever makes a container for it (systemd.io/CONTAINER_INTERFACE), as podman sets it up. On cgroup
// v2 alone, as all of tinyrun: the container sees a cgroup as the root that lies below the one that is limited (compile/cgroup.ts).

/** What of a spec is for systemd. */
export interface ForSystemd {
  /** Before those that are asked for. */
  readonly mounts: readonly Mount[];
  readonly env: readonly string[];
  /** It has a cgroup of its own to write to. */
  readonly divides: boolean;
}

/** In memory, with what the image has there. */
const IN_MEMORY = ['/run', '/run/lock', '/tmp', '/var/log/journal'];
const OPTIONS = ['rw', 'rprivate', 'nosuid', 'nodev', 'tmpcopyup'];

/**
 * Whether its cgroup is below the one that is limited. Where the host has no cgroup2 mounted the container has none of its own
 * there, and what it sees as its root is whoever's called: the host's.
 */
export const isNested = ({ cgroup, user }: Modes, { unifiedRoot }: CgroupFacts): boolean =>
  cgroup === 'private' && user === 'host' && unifiedRoot !== undefined;

/** `mounted`: where something is mounted already. */
export function forSystemd(
  id: string,
  mounted: readonly string[],
  modes: Modes,
  cgroup: CgroupFacts,
): ForSystemd {
  return {
    divides: isNested(modes, cgroup),
    mounts: IN_MEMORY.filter((path) => !mounted.includes(path)).map((destination) => ({
      destination,
      type: 'tmpfs',
      source: 'tmpfs',
      options: OPTIONS,
    })),
    // machine-id is made of the latter, where the image leaves it open
    env: ['container=tinyrun', `container_uuid=${id.slice(0, 32)}`],
  };
}

/** Refuses what systemd could not be PID 1 with, where it is insisted on. @throws ConfigError */
export function checkSystemd({ init }: ContainerConfig, modes: Modes, cgroup: CgroupFacts): void {
  const refuse = (field: string, problem: string, hint: string) => {
    throw new ConfigError(field, problem, { hint });
  };
  if (cgroup.unifiedRoot === undefined)
    refuse(
      'systemd',
      'the host has no cgroup v2, of which systemd divides a part of its own',
      'mkdir -p /sys/fs/cgroup/unified; mount -t cgroup2 none /sys/fs/cgroup/unified; or boot with systemd.unified_cgroup_hierarchy=1',
    );
  if (init) refuse('init', 'systemd is PID 1 itself', 'leave {init} out');
  if (modes.pid !== 'private')
    refuse(
      'namespaces.pid',
      'systemd is PID 1 in a pid namespace of its own only',
      'leave {namespaces.pid} out',
    );
  if (modes.cgroup !== 'private')
    refuse(
      'namespaces.cgroup',
      'systemd divides a cgroup of its own, not the host\u2019s',
      'leave {namespaces.cgroup} out',
    );
  if (modes.user === 'private')
    refuse('namespaces.user', 'a cgroup cannot be handed to other users yet', 'leave {namespaces.user} out');
}

/** @throws TinyrunError */
export function checkSystemdUser({ systemd }: ContainerConfig, { user }: ResolvedUser): void {
  if (systemd !== 'always' || user.uid === 0) return;
  throw new TinyrunError('USAGE', `systemd runs as root, not as user ${user.uid}`, {
    hint: 'its services can have users of their own: User= in a unit',
  });
}
