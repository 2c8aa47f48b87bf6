import { checkInteger } from '../engine/config/error.ts';
import type { ContainerConfig } from '../engine/config/types.ts';
import { runningPid } from '../engine/engine.ts';
import { removeContainer } from '../engine/manage.ts';
import { newContainerId } from '../engine/names.ts';
import { prepare } from '../engine/prepare.ts';
import { runBlueprint, type Watch } from '../engine/run.ts';
import type { RunResult as Ended } from '../engine/types.ts';
import type { Roots } from '../store/paths.ts';
import { Reins } from './reins.ts';
import { type Limits, RunError, resultOf } from './result.ts';
import type { Parts } from './running.ts';
import { openStreams, type Streams } from './streams.ts';
import type { RunOptions, RunResult } from './types.ts';

/** The longest that a timer of Node's can wait. */
const MOST_MS = 2 ** 31 - 1;

function limitsOf({ timeout = 0, forceKillAfterMs = 10_000, maxBuffer = 100_000_000 }: RunOptions): Limits {
  return {
    timeout: checkInteger('timeout', timeout, { min: 0, max: MOST_MS }),
    forceKillAfterMs: checkInteger('forceKillAfterMs', forceKillAfterMs, { min: 0, max: MOST_MS }),
    maxBuffer: checkInteger('maxBuffer', maxBuffer, { min: 0, max: Number.MAX_SAFE_INTEGER }),
  };
}

/** What a container is asked to be, and how it is run. */
export interface Asked {
  readonly roots: Roots;
  readonly config: ContainerConfig;
  readonly options: RunOptions;
  /** Output that is piped is kept for the result: `run`. */
  readonly keep: boolean;
  readonly watch?: Watch | undefined;
}

/** All that a container under way needs on this side. */
interface Course extends Asked {
  readonly id: string;
  readonly limits: Limits;
  readonly streams: Streams;
  readonly reins: Reins;
  /** What went wrong here meanwhile. */
  readonly faults: { broken?: Error; tooMuch?: boolean };
}

/** @throws ConfigError for options that cannot be; all else is the result's */
export function begin(asked: Asked): Parts {
  const { config, options, keep } = asked;
  const { signal, sigProxy = false } = options;
  const limits = limitsOf(options);
  const id = newContainerId();
  const faults: Course['faults'] = {};
  const streams = openStreams(config, options, {
    keep,
    maxBuffer: limits.maxBuffer,
    onTooMuch: () => {
      faults.tooMuch = true;
      reins.end('maxBuffer');
    },
    onBroken: (error) => {
      faults.broken = error;
      reins.end('broken');
    },
  });
  let onStart: (pid: number) => void = () => {};
  let onNever: (error: unknown) => void = () => {};
  const started = new Promise<{ id: string; pid: number }>((resolve, reject) => {
    onStart = (pid) => resolve({ id, pid });
    onNever = reject;
  });
  const begun = (pid: number) => {
    streams.release();
    onStart(pid);
  };
  const reins = new Reins({ ...limits, signal, sigProxy, isRead: streams.isRead, onStart: begun });
  const result = conduct({ ...asked, id, limits, streams, reins, faults });
  // what runs is no news to who waited for its start; nobody need have
  result.then((ended) => onNever(new RunError(ended)), onNever);
  started.catch(() => {});
  return { id, reins, streams, started, result };
}

async function conduct(course: Course): Promise<RunResult> {
  const { streams, reins, faults, options } = course;
  try {
    const ended = await live(course);
    if (faults.broken) throw faults.broken;
    const result = await resultOfAll(course, ended);
    if (options.reject && result.failed) throw new RunError(result);
    return result;
  } finally {
    reins.stop();
    streams.release();
    streams.stop();
  }
}

/** From what it is asked to be to its end; undefined where nothing of it was made, or nothing is left. */
async function live({ roots, options, watch, ...course }: Course): Promise<Ended | undefined> {
  const { id, streams, reins } = course;
  if (reins.reason) return undefined;
  const { name, pull, cidfile, notify, lifeline, blocking } = options;
  const { openStdin = course.config.openStdin } = streams;
  const config = openStdin === course.config.openStdin ? course.config : { ...course.config, openStdin };
  const create = { id, name, pull, cidfile, notify, signal: reins.preparing };
  const findPid = (container: string, field: string) => runningPid(roots, container, field);
  const blueprint = await prepare(roots, config, create, findPid).catch((error) => {
    if (reins.reason) return undefined;
    throw error;
  });
  if (blueprint === undefined || reins.reason) return undefined;
  reins.stopSignal = blueprint.record.stopSignal;
  const control = { ...create, lifeline, blocking, ...streams.control, forward: reins.hold };
  const ended = await runBlueprint(roots, blueprint, control, watch);
  if (!reins.early) return ended;
  // what was called off before it began is not kept as something that ran
  if (!config.autoRemove) await removeContainer(roots, id, true);
  return undefined;
}

async function resultOfAll(course: Course, ended: Ended | undefined): Promise<RunResult> {
  const { id, config, limits, reins, streams, faults } = course;
  const { name = config.image, encoding = 'utf8' } = course.options;
  streams.release();
  const kept = await streams.kept(reins.reason !== undefined);
  const [stdout, stderr] = kept.map((bytes) => (encoding === 'buffer' ? bytes : bytes?.toString(encoding)));
  const reason = reins.reason ?? (faults.tooMuch ? 'maxBuffer' : undefined);
  const { durationMs } = reins;
  return resultOf(id, { name, ended, reason, durationMs, limits }, { stdout, stderr });
}
