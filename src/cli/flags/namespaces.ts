import { Option, type Command as Program } from 'commander';
import type { ContainerConfig, Namespaces } from '../../engine/config/types.ts';
import { collect } from '../options.ts';
import type { FlagGroup } from './group.ts';
import { parseMode } from './parse/mode.ts';
import { parseSysctls } from './parse/pairs.ts';

interface Flags {
  readonly network?: string;
  /** Docker's older spelling. */
  readonly net?: string;
  readonly pid?: string;
  readonly ipc?: string;
  readonly uts?: string;
  readonly cgroupns?: string;
  readonly cgroupParent?: string;
  readonly userns?: string;
  readonly sysctl?: readonly string[];
}

/** What of the kernel it has to itself. */
export const namespaceFlags: FlagGroup<Flags> = {
  define: (program: Program) =>
    void program
      .option('--network <MODE>', 'bridge (the default), a network, none, host, container:ID')
      .addOption(new Option('--net <MODE>').hideHelp())
      .option('--pid <MODE>', 'private, host, container:ID')
      .option('--ipc <MODE>', 'private, host, container:ID (its /dev/shm, too), none: without /dev/shm')
      .option('--uts <MODE>', 'private, host, container:ID')
      .option('--cgroupns <MODE>', 'private, host')
      .option('--cgroup-parent <CGROUP>', 'make its cgroup in this one, as in /web or web.slice')
      .option('--userns <MODE>', 'host (the default), private: root in it is nobody on the host')
      .option('--sysctl <KEY=VALUE>', 'a namespaced kernel setting', collect),
  read: (flags) => ({
    network: networkOf(flags.network ?? flags.net),
    namespaces: {
      pid: parseMode(flags.pid),
      ipc: parseMode(flags.ipc),
      uts: parseMode(flags.uts),
      cgroup: parseMode(flags.cgroupns),
      user: userOf(flags.userns),
    },
    cgroupParent: flags.cgroupParent,
    sysctls: flags.sysctl && parseSysctls(flags.sysctl),
  }),
  names: {
    network: ['--network %q', '--net %q'],
    'network.container': ['--network %s', '--net %s'],
    'namespaces.pid': '--pid %q',
    'namespaces.pid.container': '--pid %s',
    'namespaces.ipc': '--ipc %q',
    'namespaces.ipc.container': '--ipc %s',
    'namespaces.uts': '--uts %q',
    'namespaces.uts.container': '--uts %s',
    'namespaces.cgroup': '--cgroupns %q',
    'namespaces.cgroup.container': '--cgroupns %s',
    'namespaces.user': '--userns %q',
    cgroupParent: '--cgroup-parent %q',
    sysctls: '--sysctl %q',
  },
};

/** A word that is no mode is a network's name. */
function networkOf(text: string | undefined): ContainerConfig['network'] {
  if (text === 'default') return undefined;
  const mode = parseMode<'none' | 'host'>(text);
  return typeof mode !== 'string' || ['none', 'host'].includes(mode) ? mode : [{ network: mode }];
}

/** `auto` is Podman's word for private. */
const userOf = (text: string | undefined): Namespaces['user'] =>
  text === 'auto' ? 'private' : ((text || undefined) as Namespaces['user']);
