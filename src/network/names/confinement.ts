import { readFileSync } from 'node:fs';
import type { SeccompInput } from '../../native/types.ts';
import { NO_SLOT, type Plan, type Step } from '../../plan/types.ts';
import { RLIMITS } from '../../spec/linux.ts';

// What the resolver may do. It reads what strangers send, and there is one for all containers.

/** Nobody's: above what distributions, containers and systemd give away. */
const OWN_UID = 0x8000_0035;
const NOBODY = 65534;

/** The user that it is: one of its own, where our user namespace has that. */
export function resolverUser(uidMap = readFileSync('/proc/self/uid_map', 'utf8')): number {
  const ranges = uidMap
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const isMapped = (uid: number) =>
    ranges.some(([first = 0, , count = 0]) => uid >= first && uid < first + count);
  return [OWN_UID, NOBODY].find(isMapped) ?? 0;
}

const EPERM = 1;
/** O_ACCMODE, O_CREAT, O_TRUNC: none of them is set where a file is only read. */
const WRITING = 0o3 | 0o100 | 0o1000;
const [AF_INET, AF_INET6] = [2, 10];

/** Sockets of the internet, files to be read, and no other program once it is itself. */
export const RESOLVER_SECCOMP: SeccompInput = {
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: EPERM,
  syscalls: [
    {
      action: 'SCMP_ACT_ALLOW',
      names: [
        ...['read', 'write', 'close', 'fcntl', 'newfstatat', 'fstat', 'getdents64', 'mmap', 'munmap'],
        ...['recvfrom', 'recvmsg', 'recvmmsg', 'sendto', 'sendmsg', 'connect', 'accept4', 'shutdown'],
        ...['getsockopt', 'setsockopt', 'epoll_create1', 'epoll_ctl', 'epoll_pwait'],
        ...['inotify_init1', 'inotify_add_watch', 'inotify_rm_watch'],
        ...['getrandom', 'clock_gettime', 'prctl', 'execve', 'exit', 'exit_group'],
      ],
    },
    {
      action: 'SCMP_ACT_ALLOW',
      names: ['openat'],
      args: [{ index: 2, value: WRITING, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    },
    ...[AF_INET, AF_INET6].map((value) => ({
      action: 'SCMP_ACT_ALLOW',
      names: ['socket'],
      args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }],
    })),
  ],
};

export interface ResolverPlan {
  /** Where it stands. */
  readonly directory: string;
  /** The host's. */
  readonly conf: string;
  readonly uid: number;
  /** RLIMIT_NOFILE: four for each container, and one for each query that others are to answer. */
  readonly files: bigint;
  readonly filter: { readonly filter: Uint8Array; readonly flags: number };
  /** Slot of the cgroup that it is born into; none: ours. */
  readonly cgroup?: number;
}

/** A process of tinyrun-init, without privileges, whose standard input is the socket that it listens on. Pure. */
export function resolverPlan({ directory, conf, uid, files, filter, cgroup = NO_SLOT }: ResolverPlan): Plan {
  const inside = (step: Omit<Step, 'lane'>): Step => ({ ...step, lane: 'container' }) as Step;
  const onHost = (step: Omit<Step, 'lane'>): Step => ({ ...step, lane: 'host' }) as Step;
  const none = { effective: 0n, permitted: 0n, inheritable: 0n, ambient: 0n };
  const executable = '/proc/self/exe';
  return {
    steps: [
      onHost({ op: 'clone', args: { flags: 0n, cgroup, pass: [] }, why: 'the resolver' }),
      inside({ op: 'setsid', args: {}, why: 'a session of its own: signals of our terminal are not for it' }),
      inside({ op: 'chdir', args: { path: directory, create: 0 }, why: 'the names, which nobody else sees' }),
      inside({
        op: 'setRlimit',
        args: { resource: RLIMITS.RLIMIT_NOFILE, soft: files, hard: files },
        why: 'sockets of all containers',
      }),
      inside({ op: 'findExecutable', args: { name: executable, path: '' }, why: 'itself, another mode' }),
      inside({ op: 'closeFds', args: { keep: 0 }, why: 'nothing but the socket' }),
      inside({ op: 'capBounding', args: { keep: 0n }, why: 'no capability comes back' }),
      inside({
        op: 'setUser',
        args: { uid, gid: uid, groups: [], umask: 0o77, flags: 0 },
        why: 'a user of its own',
      }),
      inside({ op: 'capSet', args: none, why: 'and no capability' }),
      inside({ op: 'noNewPrivs', args: {}, why: 'no program gives it any' }),
      inside({
        op: 'seccomp',
        args: { ...filter, slot: NO_SLOT, stage: 0 },
        why: 'sockets and files to be read, no more',
      }),
      inside({
        op: 'execve',
        args: { args: ['tinyrun-init', 'resolver', conf], env: [] },
        why: 'answers until the last view is gone',
      }),
      onHost({ op: 'awaitExec', args: {}, why: 'it is itself' }),
    ],
  };
}
