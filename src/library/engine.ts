import type { ContainerConfig } from '../engine/config/types.ts';
import { type Engine as Core, createEngine as createCore } from '../engine/engine.ts';
import type { Watch } from '../engine/run.ts';
import { begin } from './begin.ts';
import { RunningContainer } from './running.ts';
import type { Running, RunOptions, RunResult } from './types.ts';

/** Containers of one pair of roots. Holds no state of its own: any number of engines may work on the same roots. */
export interface Engine extends Omit<Core, 'run'> {
  /**
   * Runs a container and waits for it. A program that fails is a result, unless `reject` says otherwise.
   * @throws TinyrunError when it could not be started; `exitCode` is what a command should end with: 125, 126 or 127
   * @throws ConfigError, one of those, for a configuration or options that cannot be
   * @throws RunError with `reject`
   */
  run<const O extends RunOptions>(config: ContainerConfig, options?: O, watch?: Watch): Promise<RunResult<O>>;
  /**
   * The same without waiting, with the container's streams at hand.
   * @throws ConfigError for options that cannot be; what else `run` throws, the promise is rejected with
   */
  spawn<const O extends RunOptions>(config: ContainerConfig, options?: O): Running<O>;
}

/**
 * An engine over a data root and a run root, made when missing. Without: `TINYRUN_ROOT` and `TINYRUN_RUN_ROOT`, then
 * the command line's own, /var/lib/tinyrun and /run/tinyrun.
 */
export function createEngine(
  given: { dataRoot?: string | undefined; runRoot?: string | undefined } = {},
): Engine {
  const core = createCore(given);
  const { roots } = core;
  // what the types promise of each option is what openStreams does with it
  return {
    ...core,
    run: async <O extends RunOptions>(config: ContainerConfig, given?: O, watch?: Watch) => {
      const options: RunOptions = given ?? {};
      return (await begin({ roots, config, options, keep: true, watch }).result) as RunResult<O>;
    },
    spawn: <O extends RunOptions>(config: ContainerConfig, given?: O) => {
      const options: RunOptions = given ?? {};
      const running: Running = new RunningContainer(begin({ roots, config, options, keep: false }));
      return running as Running<O>;
    },
  };
}
