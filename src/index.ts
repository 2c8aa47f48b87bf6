/**
 * tinyrun as a library. `run` is the whole of it for most; `createEngine` gives the verbs of the command line over
 * the same roots or one's own; `compile`, `explainPlan` and the OCI types are for those who want to look at a container as
 * the plan that it is.
 *
 * @packageDocumentation
 */
import { createEngine, type EngineControl } from './engine/engine.ts';
import type { RunOptions, RunResult } from './engine/types.ts';

export { createEngine, type Engine, type EngineControl } from './engine/engine.ts';
export type { ContainerRecord, ContainerView } from './engine/record.ts';
export type { RunControl, RunOptions, RunResult } from './engine/types.ts';
export { ERRORS, type ErrorCode, TinyrunError } from './errors.ts';
export { native, SyscallError } from './native/index.ts';
export type { NativeAddon } from './native/types.ts';
export { compile } from './plan/compile/index.ts';
export type { Compiled, CompileOptions } from './plan/compile/options.ts';
export { decode } from './plan/decode.ts';
export { encode } from './plan/encode.ts';
export { explainPlan, planAsJson } from './plan/explain.ts';
export type { HostFacts } from './plan/host.ts';
export type { Plan, Step, Undo } from './plan/types.ts';
export { hostFacts } from './runtime/host.ts';
export { defaultSpec } from './spec/defaults.ts';
export { defaultSeccomp } from './spec/seccomp.ts';
export type { Spec } from './spec/types.ts';
export { type Roots, resolveRoots } from './store/paths.ts';

/** What `run` takes beside the options of the container: where things lie, and what it is told. */
export interface RunSettings extends EngineControl {
  /** Default: TINYRUN_ROOT, then /var/lib/tinyrun. */
  readonly dataRoot?: string;
  /** Default: TINYRUN_RUN_ROOT, then /run/tinyrun. */
  readonly runRoot?: string;
}

/**
 * Runs a container and waits for it.
 *
 * @example
 * const { exitCode } = await run({ image: 'busybox', args: ['echo', 'hello'], rm: true });
 *
 * @returns how it ended; a program that fails is a result, not an error
 * @throws TinyrunError when it could not be started; `exitCode` is what a command should end with (125, 126, 127)
 */
export function run(options: RunOptions, settings: RunSettings = {}): Promise<RunResult> {
  const { dataRoot, runRoot, ...control } = settings;
  return createEngine({ dataRoot, runRoot }).run(options, control);
}
