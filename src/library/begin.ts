import { checkInteger } from '../engine/config/error.ts';
import type { RunControl, RunResult } from '../engine/types.ts';
import { Reins } from './reins.ts';
import { type Limits, type Outcome, RunError, resultOf } from './result.ts';
import type { Parts } from './running.ts';
import { openStreams, type Streamed, type Streams } from './streams.ts';
import type { ProcessOptions, ProcessResult, RunOptions } from './types.ts';

/** The longest that a timer of Node's can wait. */
export const MOST_MS = 2 ** 31 - 1;

function limitsOf({
  timeout = 0,
  forceKillAfterMs = 10_000,
  maxBuffer = 100_000_000,
}: ProcessOptions): Limits {
  return {
    timeout: checkInteger('timeout', timeout, { min: 0, max: MOST_MS }),
    forceKillAfterMs: checkInteger('forceKillAfterMs', forceKillAfterMs, { min: 0, max: MOST_MS }),
    maxBuffer: checkInteger('maxBuffer', maxBuffer, { min: 0, max: Number.MAX_SAFE_INTEGER }),
  };
}

/** What is told of an end; of a container also what is its own. */
export type Ended = Pick<RunResult, 'exitCode' | 'signal'> & Partial<Pick<RunResult, 'oomKilled' | 'forced'>>;

/** What its maker has of a program under way. */
export interface Under {
  readonly reins: Reins;
  /** Something for it to read, or not: as the streams are. */
  readonly openStdin: boolean | undefined;
  readonly control: Pick<RunControl, 'copied' | 'stdio' | 'blocking' | 'forward'>;
}

/** A program that is asked for, and how it is run. */
export interface Asked {
  /** Of its container. */
  readonly id: string;
  /** As its user calls it. */
  readonly name: string;
  readonly config: Streamed;
  readonly options: ProcessOptions & Pick<RunOptions, 'sigProxy'>;
  /** Output that is piped is kept for the result. */
  readonly keep: boolean;
  /** Where output goes that nothing is said of. */
  readonly output: 'inherit' | 'pipe';
  /** It is not its container's first. */
  readonly isFurther?: boolean;
  /** From what it is asked to be to its end; undefined where nothing of it was made, or nothing is left. */
  live(under: Under): Promise<Ended | undefined>;
}

/** All that a program under way needs on this side. */
interface Course extends Asked {
  readonly limits: Limits;
  readonly streams: Streams;
  readonly reins: Reins;
  /** What went wrong here meanwhile. */
  readonly faults: { broken?: Error; tooMuch?: boolean };
}

/** @throws ConfigError for options that cannot be; all else is the result's */
export function begin<R extends ProcessResult>(asked: Asked): Parts<R> {
  const { id, config, options, keep, output } = asked;
  const { signal, sigProxy = false } = options;
  const limits = limitsOf(options);
  const faults: Course['faults'] = {};
  const streams = openStreams(config, options, {
    keep,
    output,
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
  const { isRead } = streams;
  const reins = new Reins({ ...limits, signal, sigProxy, isRead, onStart: begun });
  // what the types promise of each option is what openStreams does with it
  const result = conduct({ ...asked, limits, streams, reins, faults }) as Promise<R>;
  // what runs is no news to who waited for its start; nobody need have
  result.then((ended) => onNever(new RunError(ended)), onNever);
  started.catch(() => {});
  return { id, reins, streams, started, result };
}

async function conduct(course: Course): Promise<ProcessResult> {
  const { streams, reins, faults, options } = course;
  try {
    const { control, openStdin } = streams;
    const { blocking } = options;
    const under = { reins, openStdin, control: { ...control, blocking, forward: reins.hold } };
    const ended = reins.reason ? undefined : await course.live(under);
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

async function resultOfAll(course: Course, ended: Ended | undefined): Promise<ProcessResult> {
  const { id, name, limits, reins, streams, faults } = course;
  const { encoding = 'utf8' } = course.options;
  streams.release();
  const kept = await streams.kept(reins.reason !== undefined);
  const [stdout, stderr] = kept.map((bytes) => (encoding === 'buffer' ? bytes : bytes?.toString(encoding)));
  const reason = reins.reason ?? (faults.tooMuch ? 'maxBuffer' : undefined);
  const { durationMs } = reins;
  const outcome: Outcome = { name, ended, reason, durationMs, limits, isFurther: course.isFurther };
  return resultOf(id, outcome, { stdout, stderr });
}
