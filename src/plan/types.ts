import type { StepArgs } from './steps.gen.ts';

/** Where a step runs: `host` in the addon on behalf of Node, `container` in tinyrun-init, in the new namespaces. */
export type Lane = 'host' | 'container';

export type StepName = keyof StepArgs;

/** What may take a step back: operations of the host lane that do not mind finding nothing (`GONE` of undo.ts). */
export type UndoOp =
  | 'cgroupKill'
  | 'cgroupRemove'
  | 'umount'
  | 'unlink'
  | 'rmdir'
  | 'removeTree'
  | 'netlink'
  | 'forgetFlows';

export type Undo = { [N in UndoOp]: { readonly op: N; readonly args: StepArgs[N] } }[UndoOp];

/** One kernel operation with its arguments, the lane it runs in and the reason it exists. */
export type Step = {
  [N in StepName]: {
    readonly op: N;
    readonly lane: Lane;
    readonly args: StepArgs[N];
    /** For people: why the step is there, lowercase, no full stop. */
    readonly why: string;
    /** A failure is traced and the plan goes on. */
    readonly mayFail?: true;
    /** What removes what the step creates, run last first; journalled before the plan runs. */
    readonly undo?: readonly Undo[];
  };
}[StepName];

/** An ordered list of steps over both lanes. */
export interface Plan {
  readonly steps: readonly Step[];
}

/** No fd: the value of a SLOT field that names none. */
export const NO_SLOT = 0xffffffff;
/** setUser.umask: leave it. */
export const KEEP_UMASK = 0xffffffff;
/** Fd slots of a machine. */
export const SLOTS = 64;
