import { O_DIRECTORY, O_PATH } from '../../native/fcntl.ts';
import { CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWTIME, CLONE_NEWUSER, NAMESPACES } from '../../spec/linux.ts';
import type { Process, Spec } from '../../spec/types.ts';
import { affinity } from '../compile/affinity.ts';
import { console, consoleSlot, controllingTerminal, nullInput } from '../compile/console.ts';
import { Context } from '../compile/context.ts';
import { seccompOf } from '../compile/credentials.ts';
import type { Compiled } from '../compile/options.ts';
import { hardRlimits, oomScore } from '../compile/process.ts';
import { becomeProgram } from '../compile/program.ts';
import type { HostFacts } from '../host.ts';
import { NO_SLOT } from '../types.ts';

export interface ExecOptions {
  /** The container's config.json; hooks and mounts are not looked at. */
  readonly spec: Spec;
  readonly id: string;
  /** What is to run; `exec --process FILE`, or made of flags. */
  readonly process: Process;
  /**
   * The container's first process as the host sees it, and its start time in clock ticks since boot; without, whoever runs
   * the plan puts its pidfd into `slots.first`.
   */
  readonly first?: { readonly pid: number; readonly startTime: bigint };
  /** Absolute path of the cgroup2 directory to be born into; without, our own. */
  readonly cgroup?: string;
  /** linux.seccomp compiled by the addon. */
  readonly seccomp?: { readonly filter: Uint8Array; readonly flags: number };
  /** As in the options of a creation. */
  readonly giveFiles?: boolean;
  readonly preserveFds?: number;
  readonly noNewKeyring?: boolean;
  readonly dieWithParent?: boolean;
  readonly lineEndsStay?: boolean;
  readonly nullInput?: boolean;
  readonly console?: { readonly rows: number; readonly columns: number };
}

/** No bundle is read and no root made: what a Context asks for and exec does not use. */
const UNUSED = { bundle: '', rootfs: { kind: 'directory', path: '/' }, wait: { kind: 'exec' } } as const;

/** CLONE_NEW* of what the container does not share with the host: its first process is in them, however it came there. */
function namespacesOf({ linux }: Spec): number {
  let flags = 0;
  for (const { type } of linux?.namespaces ?? []) flags |= NAMESPACES[type].flag;
  return flags;
}

/** Host privileges hold in every namespace, those of the container's user namespace only in its own. */
function join(c: Context, pidfd: number, kinds: number): void {
  const setns = (flags: number, why: string): void => {
    if (flags !== 0) c.inContainer('setns', { slot: pidfd, flags }, why);
  };
  const user = kinds & CLONE_NEWUSER;
  const others = kinds & ~CLONE_NEWUSER;
  if (!c.holds('CAP_SYS_ADMIN')) setns(user, 'privileges over the other namespaces');
  setns(others, 'joins the namespaces of the first process');
  if (c.holds('CAP_SYS_ADMIN')) setns(user, 'joins its user namespace, once that is all it needs');
}

const forks = (kinds: number): boolean => (kinds & (CLONE_NEWPID | CLONE_NEWTIME)) !== 0;

const fork = (c: Context): void =>
  c.inContainer('fork', { flags: 0n }, 'a pid or time namespace holds for children only');

const session = (c: Context): void =>
  c.inContainer('setsid', {}, 'a session of its own: signals of our terminal are not for it');

/**
 * What is in the container's pid namespace can be traced by whom there has CAP_SYS_PTRACE, whatever it holds itself: it
 * is there no sooner than its capabilities, its filter and its files are those of the program. In a user namespace of
 * the container's own that capability does not reach what was executed outside of it, and ids come with the fork.
 */
const emergesLast = (kinds: number): boolean => forks(kinds) && (kinds & CLONE_NEWUSER) === 0;

/** Slots of the container's first process and of the cgroup to be born into. */
function open(c: Context, { first, cgroup }: ExecOptions): { pidfd: number; cgroupSlot: number } {
  const pidfd = c.passedSlot();
  if (first)
    c.onHost('pidfdOpen', { ...first, slot: pidfd }, 'the process whose namespaces are joined, and no other');
  if (cgroup === undefined) return { pidfd, cgroupSlot: NO_SLOT };
  const cgroupSlot = c.slot();
  const flags = O_PATH | O_DIRECTORY;
  c.onHost('open', { path: cgroup, flags, slot: cgroupSlot }, 'the cgroup to be born into');
  return { pidfd, cgroupSlot };
}

/**
 * A further process in a running container. Pure.
 * @throws TinyrunError (SPEC_INVALID, UNSUPPORTED)
 */
export function execPlan(host: HostFacts, options: ExecOptions): Compiled {
  const { hooks: _, ...spec } = options.spec;
  const { cgroup, ...rest } = options;
  const c = new Context({ ...spec, process: options.process }, host, { ...rest, ...UNUSED });
  const kinds = namespacesOf(options.spec);
  const terminal = consoleSlot(c);
  const seccomp = seccompOf(c);
  const { pidfd, cgroupSlot } = open(c, options);
  c.onHost(
    'clone',
    { flags: 0n, cgroup: cgroupSlot, pass: [...c.passed] },
    'the process that joins the container',
  );
  affinity(c, options.process.execCPUAffinity);
  oomScore(c);
  hardRlimits(c);
  join(c, pidfd, kinds);
  const last = emergesLast(kinds);
  if (forks(kinds) && !last) fork(c);
  if ((kinds & CLONE_NEWNS) === 0 && options.first) {
    c.inContainer(
      'rootfsDirect',
      { path: `/proc/${options.first.pid}/root` },
      'the root of the first process',
    );
    c.inContainer('chroot', {}, 'its paths start there');
  }
  if (!last) session(c);
  if (!options.noNewKeyring)
    c.inContainer('sessionKeyring', { name: `_ses.${options.id}` }, "the container's session keyring");
  if (options.nullInput) nullInput(c);
  console(c, terminal, { ofExec: true, forksLater: last });
  const emerge = (): void => {
    fork(c);
    session(c);
    controllingTerminal(c, terminal);
  };
  const ending = { seccomp, fifo: undefined, createCwd: false, forks: false, limitsRaised: true };
  becomeProgram(c, last ? { ...ending, emerge } : ending);
  return {
    plan: { steps: c.steps },
    warnings: c.warnings,
    ...(cgroup === undefined ? {} : { cgroup }),
    slots: {
      ...(options.first === undefined ? { first: pidfd } : { joined: pidfd }),
      ...(terminal === undefined ? {} : { console: terminal }),
      ...(seccomp === undefined || seccomp.slot === NO_SLOT ? {} : { seccomp: seccomp.slot }),
    },
  };
}
