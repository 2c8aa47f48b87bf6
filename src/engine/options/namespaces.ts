import { TinyrunError } from '../../errors.ts';
import type { LinuxNamespace, LinuxNamespaceType } from '../../spec/types.ts';
import type { RunOptions } from '../types.ts';

/** What a namespace flag asks for. */
export type NamespaceMode = { kind: 'private' } | { kind: 'host' } | { kind: 'container'; id: string };

/** Finds a running container's first process by name or id; throws where there is none. */
export type FindPid = (container: string, flag: string) => number;

function parseMode(text: string | undefined, flag: string, privateWords: readonly string[]): NamespaceMode {
  if (text === undefined || privateWords.includes(text)) return { kind: 'private' };
  if (text === 'host') return { kind: 'host' };
  if (text.startsWith('container:') && text.length > 'container:'.length)
    return { kind: 'container', id: text.slice('container:'.length) };
  throw new TinyrunError('USAGE', `${flag} ${JSON.stringify(text)}: not a mode`, {
    hint: `the modes are ${privateWords.filter(Boolean).join(', ')}, host and container:ID`,
  });
}

/** --network: `none` is a namespace with nothing but a loopback, and the default until there are networks. */
function networkMode(text: string | undefined): NamespaceMode {
  if (text === undefined || text === 'none' || text === 'default') return { kind: 'private' };
  if (text === 'host' || text.startsWith('container:')) return parseMode(text, '--network', []);
  throw new TinyrunError('UNSUPPORTED', `--network ${JSON.stringify(text)}: there are no networks yet`, {
    hint: 'this version knows none, host and container:ID',
  });
}

/** --userns: the host's unless asked for, as with Docker; `auto` is Podman's word for private. */
function userMode({ userns = '', privileged }: RunOptions): NamespaceMode {
  if (userns === '' || userns === 'host') return { kind: 'host' };
  if (userns !== 'private' && userns !== 'auto')
    throw new TinyrunError('USAGE', `--userns ${JSON.stringify(userns)}: not a mode`, {
      hint: 'the modes are host and private',
    });
  if (privileged)
    throw new TinyrunError('USAGE', '--privileged: incompatible with a user namespace of its own', {
      hint: 'leave --userns out, or give the capabilities it needs with --cap-add',
    });
  return { kind: 'private' };
}

const PRIVATE = ['', 'private'];

/** The mode of each namespace type a flag chooses. */
export function namespaceModes(options: RunOptions): Readonly<Record<LinuxNamespaceType, NamespaceMode>> {
  return {
    pid: parseMode(options.pid, '--pid', PRIVATE),
    ipc: parseMode(options.ipc, '--ipc', [...PRIVATE, 'shareable', 'none']),
    uts: parseMode(options.uts, '--uts', PRIVATE),
    cgroup: parseMode(options.cgroupns, '--cgroupns', PRIVATE),
    network: networkMode(options.network),
    mount: { kind: 'private' },
    user: userMode(options),
    time: { kind: 'host' },
  };
}

const NS_FILES: Readonly<Partial<Record<LinuxNamespaceType, string>>> = { network: 'net', mount: 'mnt' };

/** linux.namespaces of the modes; a joined one by the path of its nsfs file. */
export function namespacesOf(
  modes: Readonly<Record<LinuxNamespaceType, NamespaceMode>>,
  findPid: FindPid,
): LinuxNamespace[] {
  return (Object.entries(modes) as [LinuxNamespaceType, NamespaceMode][]).flatMap(([type, mode]) => {
    if (mode.kind === 'host') return [];
    if (mode.kind === 'private') return [{ type }];
    const flag = type === 'cgroup' ? '--cgroupns' : `--${type}`;
    return [{ type, path: `/proc/${findPid(mode.id, flag)}/ns/${NS_FILES[type] ?? type}` }];
  });
}
