// machine.cc: what a plan is run by, and what it answers.
import type { Fd } from './types.ts';

/** A step as it ended. `ns` is the time it took; `errno` 0 is success. */
export interface StepResult {
  step: number;
  ns: number;
  errno: number;
  /** The name of errno, where it is not 0. */
  code?: string;
  syscall: string;
  path: string;
}

/** Why a plan stopped: the failing step's index in the plan, the system call, errno and the path or argument. */
export interface StepFailure {
  step: number;
  syscall: string;
  errno: number;
  code: string;
  path: string;
}

export interface MachineOptions {
  /** fds that become 0, 1, 2 of the container; default 0, 1, 2. */
  stdio?: readonly [Fd, Fd, Fd];
  /** Report each step with its time. */
  trace?: boolean;
  /** Return before each step of the container lane (state `paused`). */
  pause?: boolean;
  /** fds 3 … 3+n-1 are kept for the container. */
  preserveFds?: number;
}

/** Where a machine stands after run() or resume(). */
export interface Outcome {
  /** done: the last step ended. yield: a yield step, resume() goes on. paused: before container step `step`. */
  state: 'done' | 'yield' | 'paused' | 'failed';
  /** Index of the step it stopped at. */
  step: number;
  /** tag of the yield step. */
  tag: number;
  /** The container's first process as the host sees it, 0 before clone. */
  pid: number;
  pidfd: Fd;
  failure?: StepFailure;
  /** Only with trace. */
  results: StepResult[];
}

/** One run of one plan: owns its fds until close(). */
export interface Machine {
  /** Runs the host lane off the main thread until done, yield, pause or failure. On failure the child is killed and reaped. */
  run(): Promise<Outcome>;
  /** run() on the calling thread, for short plans of the CLI. */
  runSync(): Outcome;
  resume(): Promise<Outcome>;
  /** resume() on the calling thread. */
  resumeSync(): Outcome;
  /** The plan will not go on: its child is ended as after a failed step. Answers `failed`; its path says what did not come back. */
  abandon(): Outcome;
  /** The fd in a slot (console master, seccomp listener), or -1; ownership passes to the caller. */
  takeFd(slot: number): Fd;
  /** Puts a dup of an fd into a slot, before run(). */
  setFd(slot: number, fd: Fd): void;
  /** Closes what it owns; the pidfd too unless it was taken by takePidfd(). */
  close(): void;
  takePidfd(): Fd;
}
