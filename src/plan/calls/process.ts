import {
  CAPABILITIES,
  MEMORY_POLICY_FLAGS,
  memoryPolicyName,
  RLIM_INFINITY,
  RLIMITS,
  SCHED_POLICIES,
  SECCOMP_FILTER_FLAGS,
  signalName,
} from '../../spec/linux.ts';
import { FLAGS } from '../steps.gen.ts';
import { KEEP_UMASK } from '../types.ts';
import { type Calls, CLONE, calls, fd, flags, list, type Names, octal, quote } from './format.ts';

/** At most this many capabilities are named; more are counted. */
const NAMED = 3;

function capabilities(mask: bigint): string {
  const names = CAPABILITIES.filter((_, bit) => ((mask >> BigInt(bit)) & 1n) === 1n);
  if (names.length === 0) return '0';
  if (names.length <= NAMED) return names.join('|');
  return `${names.slice(0, NAMED).join('|')}|… ${names.length} in all`;
}

/** The name a number has in a table. */
function nameOf(value: number, names: Names): string {
  return Object.entries(names).find(([, number]) => number === value)?.[0] ?? String(value);
}

const limit = (value: bigint): string => (value === RLIM_INFINITY ? 'RLIM_INFINITY' : String(value));

export const PROCESS: Calls<
  | 'setns'
  | 'borrowMount'
  | 'unshare'
  | 'timeOffsets'
  | 'setHostname'
  | 'setDomainname'
  | 'linkUp'
  | 'setsid'
  | 'sessionKeyring'
  | 'sysctl'
  | 'hook'
  | 'setRlimit'
  | 'oomScoreAdj'
  | 'personality'
  | 'scheduler'
  | 'ioPriority'
  | 'memoryPolicy'
  | 'cpuAffinity'
  | 'capBounding'
  | 'setUser'
  | 'capSet'
  | 'noNewPrivs'
  | 'seccomp'
  | 'confineHooks'
  | 'apparmor'
  | 'selinux'
  | 'chdir'
  | 'findExecutable'
  | 'closeFds'
  | 'dieWithParent'
  | 'reaper'
  | 'execve'
> = {
  borrowMount: ({ mntns, root, path, slot }) =>
    calls(
      `setns(${fd(mntns)}, CLONE_NEWNS)`,
      `${fd(slot)} = open_tree(in_root(${fd(root)}, ${quote(path)}), OPEN_TREE_CLONE)`,
      'setns(own, CLONE_NEWNS)',
    ),
  setns: ({ slot, flags: kinds }) => `setns(${fd(slot)}, ${flags(kinds, CLONE)})`,
  unshare: ({ flags: kinds }) => `unshare(${flags(kinds, CLONE)})`,
  timeOffsets: ({ offsets }) => `write("/proc/self/timens_offsets", ${quote(offsets)})`,
  setHostname: ({ name }) => `sethostname(${quote(name)}, ${Buffer.byteLength(name)})`,
  setDomainname: ({ name }) => `setdomainname(${quote(name)}, ${Buffer.byteLength(name)})`,
  linkUp: ({ name }) => `ioctl(SIOCSIFFLAGS, {${quote(name)}, IFF_UP})`,
  setsid: () => 'setsid()',
  sessionKeyring: ({ name }) => `keyctl(KEYCTL_JOIN_SESSION_KEYRING, ${quote(name)})`,
  sysctl: ({ key, value }) => `write(${quote(`/proc/sys/${key}`)}, ${quote(value)})`,
  hook: ({ path, args, timeoutMs }) =>
    `execve(${quote(path)}, ${list(args)}) and wait${timeoutMs > 0 ? ` ${timeoutMs} ms` : ''}`,
  setRlimit: ({ resource, soft, hard }) =>
    `setrlimit(${nameOf(resource, RLIMITS)}, {${limit(soft)}, ${limit(hard)}})`,
  oomScoreAdj: ({ value }) => `write("/proc/self/oom_score_adj", "${value}")`,
  personality: ({ persona }) => `personality(${persona === 0x8 ? 'PER_LINUX32' : 'PER_LINUX'})`,
  scheduler: ({ policy, nice, priority }) =>
    `sched_setattr(0, {${nameOf(policy, SCHED_POLICIES)}, nice=${nice}, priority=${priority}})`,
  ioPriority: ({ priority }) => `ioprio_set(IOPRIO_WHO_PROCESS, 0, 0x${priority.toString(16)})`,
  memoryPolicy: ({ mode, nodes }) => {
    const named = flags(mode & ~0x1fff, MEMORY_POLICY_FLAGS);
    const kind = memoryPolicyName(mode);
    const mask = nodes.length === 0 ? 'NULL' : `0x${Buffer.from(nodes).reverse().toString('hex')}`;
    return `set_mempolicy(${named === '0' ? kind : `${kind}|${named}`}, ${mask})`;
  },
  cpuAffinity: ({ mask }) => `sched_setaffinity(0, 0x${Buffer.from(mask).reverse().toString('hex')})`,
  capBounding: ({ keep }) => `prctl(PR_CAPBSET_DROP, all but ${capabilities(keep)})`,
  setUser: ({ uid, gid, groups, umask, flags: mode }) =>
    calls(
      'prctl(PR_SET_KEEPCAPS, 1)',
      (mode & FLAGS.setUser.ownStreams) !== 0 && uid !== 0 && `fchown(0 … 2, ${uid})`,
      (mode & FLAGS.setUser.keepGroups) === 0 && `setgroups(${groups.length}, [${groups.join(', ')}])`,
      `setresgid(${gid}, ${gid}, ${gid})`,
      `setresuid(${uid}, ${uid}, ${uid})`,
      umask !== KEEP_UMASK && `umask(${octal(umask)})`,
    ),
  capSet: ({ effective, permitted, inheritable, ambient }) =>
    calls(
      'prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)',
      `capset({effective=${capabilities(effective)}${
        permitted === effective ? '' : `, permitted=${capabilities(permitted)}`
      }, inheritable=${capabilities(inheritable)}})`,
      ambient !== 0n && `prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, ${capabilities(ambient)})`,
    ),
  noNewPrivs: () => 'prctl(PR_SET_NO_NEW_PRIVS, 1)',
  confineHooks: ({ flags: mode, filter }) =>
    `in each hook: seccomp(SECCOMP_SET_MODE_FILTER, ${flags(mode, SECCOMP_FILTER_FLAGS)}, {len=${filter.length / 8}})`,
  seccomp: ({ flags: mode, filter }) =>
    `seccomp(SECCOMP_SET_MODE_FILTER, ${flags(mode, SECCOMP_FILTER_FLAGS)}, {len=${filter.length / 8}})`,
  apparmor: ({ profile }) => `write("/proc/thread-self/attr/apparmor/exec", ${quote(`exec ${profile}`)})`,
  selinux: ({ label }) => `write("/proc/thread-self/attr/exec", ${quote(label)})`,
  chdir: ({ path, create }) =>
    calls(`fchdir(in_root(${quote(path)}${create !== 0 ? ', O_CREAT' : ''}))`, 'getcwd()'),
  findExecutable: ({ name }) => `faccessat2(AT_FDCWD, ${quote(name)} along PATH, X_OK, AT_EACCESS)`,
  closeFds: ({ keep }) => `close_range(${3 + keep}, ~0U, CLOSE_RANGE_CLOEXEC)`,
  dieWithParent: ({ signal }) => `prctl(PR_SET_PDEATHSIG, ${signalName(signal)})`,
  reaper: () => calls('fork()', 'setpgid()', 'ioctl(terminal, TIOCSPGRP)', 'waitid(P_ALL)'),
  execve: ({ args, env }) => `execve(${quote(args[0] ?? '')}, ${list(args)}, [${env.length} variables])`,
};
