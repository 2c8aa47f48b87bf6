import { TinyrunError } from '../errors.ts';
import { LogReader } from '../runtime/log/files.ts';
import { decodeLines, type LogLine } from '../runtime/log/line.ts';
import { type LogForm, type LogPiece, LogTexts } from '../runtime/log/text.ts';
import { attachTo } from '../runtime/monitor/attach.ts';
import type { Roots } from '../store/paths.ts';
import { containerPaths } from './layout.ts';
import { findContainer } from './manage.ts';
import { newsOf } from './news.ts';

export type { LogLine } from '../runtime/log/line.ts';

export interface LogOptions {
  /** The last so many lines; all without. */
  readonly tail?: number | undefined;
  /** RFC 3339, UTC, nanoseconds, as the lines have it: those of this time and later. */
  readonly since?: string | undefined;
  /** Those before this time. */
  readonly until?: string | undefined;
  /** Also what is still to be written, until the container ends. */
  readonly follow?: boolean | undefined;
  /** Ends following. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * What a container wrote, oldest first, some lines at a time.
 * @throws TinyrunError CONTAINER_NOT_FOUND, UNSUPPORTED where nothing of it is kept
 */
export async function* logsOf(
  roots: Roots,
  text: string,
  options: LogOptions = {},
): AsyncGenerator<LogLine[]> {
  const wanted = between(options);
  for await (const bytes of logBytes(roots, text, options)) yield wanted(decodeLines(bytes));
}

/**
 * The same without a line of JavaScript for each of the log's: pieces of text of one stream, lent until the next is asked
 * for.
 */
export async function* logText(
  roots: Roots,
  text: string,
  options: LogOptions & LogForm = {},
): AsyncGenerator<LogPiece> {
  const texts = new LogTexts({
    since: options.since ?? '',
    until: options.until,
    timestamps: options.timestamps === true,
    details: options.details === true,
  });
  for await (const bytes of logBytes(roots, text, options)) yield* texts.of(bytes);
}

/** From `tail` on; their time is not looked at. */
async function* logBytes(
  roots: Roots,
  text: string,
  options: Pick<LogOptions, 'tail' | 'follow' | 'signal'>,
): AsyncGenerator<Buffer> {
  const view = findContainer(roots, text);
  const { id, config } = view.record;
  const paths = containerPaths(roots, id);
  if (config.log?.driver === 'none' || view.state?.lifeline === 'command')
    throw nothingKept(text, config.log?.driver);
  const reader = new LogReader(paths.log, options.tail);
  try {
    // what has ended may still be being written down: its monitor knows
    if (options.follow) return yield* followed(reader, { ...paths, signal: options.signal });
    for (let lines = reader.next(); lines.length > 0; lines = reader.next()) yield lines;
  } finally {
    reader.close();
  }
}

function nothingKept(container: string, driver: string | undefined): TinyrunError {
  const why = driver === 'none' ? 'its log driver is none' : 'its output goes to the command that runs it';
  return new TinyrunError('UNSUPPORTED', `container ${container} has no log: ${why}`, {
    hint: 'containers that are kept, were detached from the start, or are given the log driver json-file have one',
  });
}

const between =
  ({ since = '', until }: LogOptions) =>
  (lines: LogLine[]): LogLine[] =>
    since === '' && until === undefined
      ? lines
      : lines.filter(({ time }) => time >= since && (until === undefined || time < until));

interface Following {
  /** The container's directories. */
  readonly data: string;
  readonly run: string;
  readonly signal?: AbortSignal | undefined;
}

/** What is written while we look, to the end of its monitor: that has written all by then. */
async function* followed(reader: LogReader, { data, run, signal }: Following): AsyncGenerator<Buffer> {
  // before the first look: nothing is missed
  const news = newsOf(data);
  const monitor = await attachTo(run);
  let isOver = monitor === undefined;
  const end = () => {
    isOver = true;
    news.tell();
  };
  void monitor?.ended.then(end);
  signal?.addEventListener('abort', end);
  try {
    while (!signal?.aborted) {
      const wasOver = isOver;
      for (let lines = reader.next(); lines.length > 0; lines = reader.next()) yield lines;
      if (wasOver) return;
      await news.wait();
    }
  } finally {
    signal?.removeEventListener('abort', end);
    news.close();
    monitor?.close();
  }
}
