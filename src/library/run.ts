import { withDefaultNetwork } from '../engine/config/network.ts';
import type { ContainerConfig } from '../engine/config/types.ts';
import { runningPid } from '../engine/engine.ts';
import { removeContainer } from '../engine/manage.ts';
import { newContainerId } from '../engine/names.ts';
import { prepare } from '../engine/prepare.ts';
import { runBlueprint, type Watch } from '../engine/run.ts';
import type { Roots } from '../store/paths.ts';
import { begin, type Ended, type Under } from './begin.ts';
import type { Parts } from './running.ts';
import type { RunOptions, RunResult } from './types.ts';

/** What a container is asked to be, and how it is run. */
export interface AskedRun {
  readonly roots: Roots;
  readonly config: ContainerConfig;
  readonly options: RunOptions;
  /** Output that is piped is kept for the result: `run`. */
  readonly keep: boolean;
  readonly watch?: Watch | undefined;
}

/** @throws ConfigError for options that cannot be; all else is the result's */
export function beginRun(asked: AskedRun): Parts<RunResult> {
  const { config, options, keep } = asked;
  const id = newContainerId();
  const { name = config.image } = options;
  const output = keep ? 'inherit' : 'pipe';
  const live = (under: Under) => liveOf(id, asked, under);
  return begin({ id, name, config, options, keep, output, live });
}

async function liveOf(id: string, asked: AskedRun, under: Under): Promise<Ended | undefined> {
  const { roots, options, watch } = asked;
  const { reins, openStdin = asked.config.openStdin } = under;
  const { name, pull, cidfile, notify, lifeline } = options;
  const given = openStdin === asked.config.openStdin ? asked.config : { ...asked.config, openStdin };
  const config = withDefaultNetwork(given, process.env.TINYRUN_NETWORK);
  const create = { id, name, pull, cidfile, notify, signal: reins.preparing };
  const findPid = (container: string, field: string) => runningPid(roots, container, field);
  const blueprint = await prepare(roots, config, create, findPid).catch((error) => {
    if (reins.reason) return undefined;
    throw error;
  });
  if (blueprint === undefined || reins.reason) return undefined;
  reins.stopSignal = blueprint.record.stopSignal;
  const ended = await runBlueprint(roots, blueprint, { ...create, lifeline, ...under.control }, watch);
  if (!reins.early) return ended;
  // what was called off before it began is not kept as something that ran
  if (!config.autoRemove) await removeContainer(roots, id, true);
  return undefined;
}
