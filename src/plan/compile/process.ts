import { normalize } from 'node:path/posix';
import { TinyrunError } from '../../errors.ts';
import {
  capabilityMask,
  IOPRIO_CLASS_SHIFT,
  IOPRIO_CLASSES,
  MEMORY_POLICIES,
  MEMORY_POLICY_FLAGS,
  PERSONALITIES,
  RLIMITS,
  SCHED_FLAGS,
  SCHED_POLICIES,
  SIGKILL,
} from '../../spec/linux.ts';
import { u64 } from '../../spec/parse.ts';
import type { LinuxCapabilities, LinuxMemoryPolicy, Scheduler } from '../../spec/types.ts';
import { FLAGS } from '../steps.gen.ts';
import { KEEP_UMASK } from '../types.ts';
import { bitMask } from './affinity.ts';
import type { Context } from './context.ts';

/** More than any set-up has open; a hard limit below it needs no raising. */
const ENOUGH_FILES = 1024;

export function oomScore(c: Context): void {
  const { oomScoreAdj: value } = c.process;
  if (value !== undefined)
    c.inContainer('oomScoreAdj', { value }, 'whom the kernel kills first when memory is short');
}

function setRlimit(c: Context, type: string, soft: number, hard: number, why: string): void {
  const resource = RLIMITS[type as keyof typeof RLIMITS];
  c.inContainer('setRlimit', { resource, soft: u64(soft), hard: u64(hard) }, why);
}

/** Hard limits as long as they can be raised; soft ones only at the end, or they would bind the set-up too. */
export function hardRlimits(c: Context): void {
  for (const { type, hard } of c.process.rlimits ?? [])
    if (type !== 'RLIMIT_NOFILE' || hard >= ENOUGH_FILES)
      setRlimit(c, type, hard, hard, `process.rlimits, ${type}: raised while we may`);
}

/** The limits as they are to be: lowering takes no privilege, so it can be the last thing before the program. */
export function rlimits(c: Context): void {
  for (const { type, soft, hard } of c.process.rlimits ?? [])
    setRlimit(c, type, soft, hard, `process.rlimits, ${type}`);
}

function scheduler(c: Context, wanted: Scheduler): void {
  let flags = 0n;
  for (const flag of wanted.flags ?? []) flags |= BigInt(SCHED_FLAGS[flag]);
  c.inContainer(
    'scheduler',
    {
      policy: SCHED_POLICIES[wanted.policy],
      flags,
      nice: wanted.nice ?? 0,
      priority: wanted.priority ?? 0,
      runtime: BigInt(wanted.runtime ?? 0),
      deadline: BigInt(wanted.deadline ?? 0),
      period: BigInt(wanted.period ?? 0),
    },
    'process.scheduler',
  );
}

function memoryPolicy(c: Context, { mode, nodes, flags = [] }: LinuxMemoryPolicy): void {
  const flagged = flags.reduce((all, flag) => all | MEMORY_POLICY_FLAGS[flag], 0);
  c.inContainer(
    'memoryPolicy',
    {
      mode: MEMORY_POLICIES[mode] | flagged,
      nodes: nodes ? bitMask(nodes, 'linux.memoryPolicy.nodes') : new Uint8Array(),
    },
    'linux.memoryPolicy: which nodes its memory comes from',
  );
}

/** Attributes that survive execve and need privileges the user will not have. */
export function attributes(c: Context): void {
  const { ioPriority } = c.process;
  const { personality, memoryPolicy: policy } = c.linux;
  if (personality !== undefined)
    c.inContainer('personality', { persona: PERSONALITIES[personality.domain] }, 'linux.personality');
  if (policy !== undefined) memoryPolicy(c, policy);
  if (c.process.scheduler !== undefined) scheduler(c, c.process.scheduler);
  if (ioPriority !== undefined) {
    const priority = (IOPRIO_CLASSES[ioPriority.class] << IOPRIO_CLASS_SHIFT) | ioPriority.priority;
    c.inContainer('ioPriority', { priority }, 'process.ioPriority');
  }
}

/** The label is taken on at execve; procfs lets only root write it. */
export function labels(c: Context): void {
  const { apparmorProfile: profile, selinuxLabel: label } = c.process;
  if (profile && c.host.apparmor)
    c.inContainer('apparmor', { profile }, 'confines the program from execve on');
  else if (profile && profile !== 'unconfined')
    throw new TinyrunError('UNSUPPORTED', `process.apparmorProfile ${profile}: this host has no AppArmor`, {
      hint: 'leave the profile out, or boot the host with apparmor=1 security=apparmor',
    });
  if (label && c.host.selinux) c.inContainer('selinux', { label }, 'confines the program from execve on');
  else if (label)
    throw new TinyrunError('UNSUPPORTED', `process.selinuxLabel ${label}: this host has no SELinux`, {
      hint: 'leave the label out: nothing would confine the program by it',
    });
}

export interface Capabilities {
  readonly bounding: bigint;
  readonly effective: bigint;
  readonly permitted: bigint;
  readonly inheritable: bigint;
  readonly ambient: bigint;
}

/** The sets as masks, less what this kernel does not know and what this process could not hand on. */
export function capabilities(c: Context): Capabilities {
  const { effective: held, last } = c.host.capabilities;
  const known = (1n << BigInt(last + 1)) - 1n;
  const available = c.kinship('user') === 'shared' ? known & held : known;
  const sets: LinuxCapabilities = c.process.capabilities ?? {};
  const mask = (names: readonly string[] = []): bigint => capabilityMask(names) & available;
  const asked = new Set([...(sets.bounding ?? []), ...(sets.permitted ?? []), ...(sets.ambient ?? [])]);
  const lost = [...asked].filter((name) => capabilityMask([name]) !== 0n && mask([name]) === 0n);
  if (lost.length > 0)
    c.warn(`capabilities that tinyrun does not have itself are left out: ${lost.join(' ')}`);
  const permitted = mask(sets.permitted);
  const inheritable = mask(sets.inheritable);
  return {
    bounding: mask(sets.bounding),
    effective: mask(sets.effective),
    permitted,
    inheritable,
    // What is in only one of the two cannot be raised (EPERM), of which validation has warned.
    ambient: mask(sets.ambient) & permitted & inheritable,
  };
}

export function becomeUser(c: Context): void {
  const { uid = 0, gid = 0, additionalGids = [], umask = KEEP_UMASK } = c.process.user ?? {};
  const denied = c.kinship('user') === 'new' && !c.holds('CAP_SETGID');
  if (denied && additionalGids.length > 0)
    throw new TinyrunError('SPEC_INVALID', 'process.user.additionalGids: cannot be set without CAP_SETGID', {
      hint: 'an unprivileged user namespace has setgroups(2) denied: leave the groups out',
    });
  const flags =
    FLAGS.setUser.ownStreams |
    (c.options.giveFiles ? FLAGS.setUser.ownFiles : 0) |
    (denied ? FLAGS.setUser.keepGroups : 0);
  c.inContainer('setUser', { uid, gid, groups: additionalGids, umask, flags }, 'process.user');
}

export function workingDirectory(c: Context, create: boolean): void {
  // cleaned first, as runc does: of /a/../b there need be no /a
  const args = { path: normalize(c.process.cwd), create: create ? 1 : 0 };
  c.inContainer('chdir', args, 'process.cwd, which must lie in the root (CVE-2024-21626)');
}

/** Looked up by the user who will run it, and before `ready`, so that create can say that it is missing. */
export function findProgram(c: Context): void {
  const { args = [], env = [] } = c.process;
  // Without a PATH nothing is looked up, as runc has it; execvp(3) of the C libraries has a default of its own.
  const path = env.findLast((entry) => entry.startsWith('PATH='))?.slice(5) ?? '';
  c.inContainer(
    'findExecutable',
    { name: args[0] ?? '', path },
    'a missing program is found out before start',
  );
}

export function execProgram(c: Context): void {
  const { args = [], env = [] } = c.process;
  c.inContainer('execve', { args, env }, 'the program takes over');
}

/** After the change of user, and after a fork: both clear it. */
export function dieWithIt(c: Context): void {
  if (c.options.dieWithParent)
    c.inContainer('dieWithParent', { signal: SIGKILL }, 'the container ends with its command');
}

export function closeFiles(c: Context): void {
  const keep = c.options.preserveFds ?? 0;
  c.inContainer('closeFds', { keep }, 'no file of the host stays open (CVE-2024-21626)');
}
