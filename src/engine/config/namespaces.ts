import type { LinuxNamespace, LinuxNamespaceType } from '../../spec/types.ts';
import { ConfigError } from './error.ts';
import { isOther, networkMode } from './network.ts';
import type { ContainerConfig, NamespaceMode } from './types.ts';

/** Finds a running container's first process by name or id; throws where there is none, naming the field. */
export type FindPid = (container: string, field: string) => number;

export type Modes = Readonly<Record<LinuxNamespaceType, NamespaceMode>>;

/** `words` are those that mean a namespace of its own. */
function modeOf(field: string, value: unknown, words: readonly string[] = ['private']): NamespaceMode {
  if (value === undefined || words.includes(value as string)) return 'private';
  if (value === 'host' || isOther(value)) return value;
  throw new ConfigError(field, 'not a mode', {
    hint: `the modes are ${words.join(', ')}, host and container:ID`,
  });
}

/** The host's unless asked for, as with Docker. */
function userMode({ namespaces, security }: ContainerConfig): NamespaceMode {
  const user = namespaces?.user ?? 'host';
  if (user === 'host') return user;
  if (user !== 'private')
    throw new ConfigError('namespaces.user', 'not a mode', { hint: 'the modes are host and private' });
  if (security?.privileged)
    throw new ConfigError('security.privileged', 'incompatible with a user namespace of its own', {
      hint: 'leave {namespaces.user} out, or give the capabilities it needs with {security.capabilities.add}',
    });
  return user;
}

/** The mode of each type of namespace. @throws ConfigError */
export function namespaceModes(config: ContainerConfig): Modes {
  const { pid, ipc, uts, cgroup } = config.namespaces ?? {};
  return {
    pid: modeOf('namespaces.pid', pid),
    ipc: modeOf('namespaces.ipc', ipc, ['private', 'shareable', 'none']),
    uts: modeOf('namespaces.uts', uts),
    cgroup: modeOf('namespaces.cgroup', cgroup),
    network: networkMode(config),
    mount: 'private',
    user: userMode(config),
    time: 'host',
  };
}

const NS_FILES: Readonly<Partial<Record<LinuxNamespaceType, string>>> = { network: 'net', mount: 'mnt' };

/** linux.namespaces of the modes; a joined one by the path of its nsfs file. */
export function namespacesOf(modes: Modes, findPid: FindPid): LinuxNamespace[] {
  return (Object.entries(modes) as [LinuxNamespaceType, NamespaceMode][]).flatMap(([type, mode]) => {
    if (mode === 'host') return [];
    if (mode === 'private') return [{ type }];
    const field = type === 'network' ? type : `namespaces.${type}`;
    return [
      { type, path: `/proc/${findPid(mode.container, `${field}.container`)}/ns/${NS_FILES[type] ?? type}` },
    ];
  });
}
