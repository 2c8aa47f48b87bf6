import type { Command as Program } from 'commander';
import type { Namespaces } from '../../engine/config/types.ts';
import { collect } from '../options.ts';
import type { FlagGroup } from './group.ts';
import { parseMode } from './parse/mode.ts';
import { parseSysctls } from './parse/pairs.ts';

interface Flags {
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
      .option('--pid <MODE>', 'private, host, container:ID')
      .option('--ipc <MODE>', 'private, host, container:ID (its /dev/shm, too), none: without /dev/shm')
      .option('--uts <MODE>', 'private, host, container:ID')
      .option('--cgroupns <MODE>', 'private, host')
      .option('--cgroup-parent <CGROUP>', 'make its cgroup in this one, as in /web or web.slice')
      .option('--userns <MODE>', 'host (the default), private: root in it is nobody on the host')
      .option('--sysctl <KEY=VALUE>', 'a namespaced kernel setting', collect),
  read: (flags) => ({
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

/** `auto` is Podman's word for private. */
const userOf = (text: string | undefined): Namespaces['user'] =>
  text === 'auto' ? 'private' : ((text || undefined) as Namespaces['user']);
