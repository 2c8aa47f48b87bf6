import type { ContainerConfig } from '../engine/config/types.ts';
import { createEngine as createCore } from '../engine/engine.ts';
import { Hand, OwnedHand } from './container.ts';
import { endable } from './endable.ts';
import type { Engine } from './engine-types.ts';
import { imagesOf } from './images.ts';
import { networksOf } from './networks.ts';
import { beginRun } from './run.ts';
import { RunningProgram } from './running.ts';
import type { Running, RunOptions, RunResult } from './types.ts';
import { volumesOf } from './volumes.ts';

/**
 * An engine over a data root and a run root, made when missing. Without: `TINYRUN_ROOT` and `TINYRUN_RUN_ROOT`, then
 * the command line's own, /var/lib/tinyrun and /run/tinyrun.
 * @example
 * import { createEngine } from 'tinyrun';
 * const engine = createEngine();
 * console.log(engine.list().length); // 0
 */
export function createEngine(
  given: { dataRoot?: string | undefined; runRoot?: string | undefined } = {},
): Engine {
  const core = createCore(given);
  const { roots } = core;
  // what the types promise of each option is what openStreams does with it
  return {
    roots,
    run: async <O extends RunOptions>(
      config: ContainerConfig,
      given?: O,
      watch?: Parameters<Engine['run']>[2],
    ) => (await beginRun({ roots, config, options: given ?? {}, keep: true, watch }).result) as RunResult<O>,
    spawn: <O extends RunOptions>(config: ContainerConfig, given?: O) => {
      const running: Running = new RunningProgram(
        beginRun({ roots, config, options: given ?? {}, keep: false }),
      );
      return running as Running<O>;
    },
    start: async (config, options) => new OwnedHand(core, await core.runDetached(config, options)),
    create: async (config, options) => new Hand(core, await core.create(config, options)),
    container: (text) => new Hand(core, core.find(text).record.id),
    list: core.list,
    explain: core.explain,
    rehearse: core.rehearse,
    trace: core.trace,
    events: (options = {}) => endable(options.signal, (signal) => core.events({ ...options, signal })),
    stats: (containers, options = {}) =>
      endable(options.signal, (signal) => core.stats(containers, { ...options, signal })),
    info: core.info,
    startAll: core.startAll,
    stopAll: core.stopAll,
    prune: core.prune,
    collectGarbage: core.collectGarbage,
    volumes: volumesOf(core),
    networks: networksOf(core),
    images: imagesOf(core),
  };
}
