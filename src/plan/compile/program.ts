import { permitsFork } from '../seccomp-verdict.ts';
import type { StepArgs } from '../steps.gen.ts';
import { NO_SLOT } from '../types.ts';
import type { Context } from './context.ts';
import { confineHooks, dropPrivileges, loadFilter, type Seccomp } from './credentials.ts';
import { awaitState, startContainerHooks } from './hooks.ts';
import {
  attributes,
  closeFiles,
  dieWithIt,
  execProgram,
  findProgram,
  hardRlimits,
  labels,
  rlimits,
  workingDirectory,
} from './process.ts';

export interface Ending {
  readonly seccomp: Seccomp | undefined;
  /** Slot of the exec fifo: wait there; undefined: go straight on. */
  readonly fifo: number | undefined;
  /** The process is the second one: its pid comes to be known late. */
  readonly forks: boolean;
  /** What is written before the program runs. */
  readonly published?: StepArgs['publish'] | undefined;
  /** Hard limits were raised before the user namespace took the right to. */
  readonly limitsRaised: boolean;
  /** Makes the process that is seen in the container, once it has nothing that the container must not have. */
  readonly emerge?: () => void;
  /** A missing working directory is made. */
  readonly createCwd: boolean;
}

/** From set-up to program. Whatever can fail comes before `ready`: create tells of it, start could not. */
export function becomeProgram(c: Context, ending: Ending): void {
  const { seccomp, fifo, createCwd, forks, published, limitsRaised, emerge } = ending;
  attributes(c);
  if (!limitsRaised) hardRlimits(c);
  labels(c);
  // Before the change of user, like runc: root may enter what the user may only be in.
  workingDirectory(c, createCwd);
  const sets = dropPrivileges(c, seccomp);
  findProgram(c);
  awaitState(c, published, forks);
  rlimits(c);
  // a fork would not pass it on
  if (!emerge) dieWithIt(c);
  closeFiles(c);
  if (emerge) {
    const { dieWithParent } = c.options;
    const early =
      seccomp !== undefined && permitsFork(seccomp.filter, seccomp.slot, c.host.arch, dieWithParent);
    if (early) loadFilter(c, seccomp, sets);
    emerge();
    dieWithIt(c);
    if (!early) loadFilter(c, seccomp, sets);
    execProgram(c);
    c.onHost('awaitExec', {}, 'the control socket closes with execve');
    return;
  }
  const listens = seccomp !== undefined && seccomp.slot !== NO_SLOT;
  if (listens) loadFilter(c, seccomp, sets);
  if (fifo !== undefined) untilStart(c, fifo);
  confineHooks(c, seccomp, sets);
  startContainerHooks(c);
  if (!listens) loadFilter(c, seccomp, sets);
  if (c.options.init) c.inContainer('reaper', {}, 'PID 1 that forwards signals and reaps orphans');
  execProgram(c);
  if (fifo === undefined) c.onHost('awaitExec', {}, 'the control socket closes with execve');
}

function untilStart(c: Context, fifo: number): void {
  c.inContainer('ready', {}, 'created: nothing is left but the program itself');
  c.onHost('awaitReady', {}, 'create is done');
  c.inContainer('awaitStart', { fifo }, 'until start');
}
