import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ConfigError } from '../engine/config/error.ts';
import { errnoOf, TinyrunError } from '../errors.ts';
import { type End, joined, lent, nowhere } from './ends.ts';
import type { OutputOption } from './types.ts';

export interface OutputSettings {
  /** 1 or 2. */
  readonly fd: 1 | 2;
  /** Whether `pipe` means to keep it (`run`) or to hand it over (`spawn`). */
  readonly keep: boolean;
  readonly maxBuffer: number;
  readonly onTooMuch: () => void;
}

/** One of a container's outputs on its way to whoever wants it. */
export interface Output {
  readonly end: End;
  /** Handed over. */
  readonly stream?: Readable;
  /** Read by somebody who may be slow, or never come to the end. */
  readonly isRead: boolean;
  /** Resolves when all that was written is where it was to go; with that, where it was kept. */
  readonly finished: Promise<Buffer | undefined>;
}

const DONE: Promise<undefined> = Promise.resolve(undefined);
const NAMES = { 1: 'stdout', 2: 'stderr' } as const;

/** @throws ConfigError */
export function openOutput(option: OutputOption, settings: OutputSettings): Output {
  const { fd, keep } = settings;
  if (option === 'inherit') return { end: lent(fd), isRead: false, finished: DONE };
  if (option === 'ignore') return { end: nowhere(), isRead: false, finished: DONE };
  if (typeof option === 'number') return { end: lent(option), isRead: false, finished: DONE };
  if (option === 'pipe') {
    const { end, stream } = joined('readable');
    if (keep) return { end, isRead: false, finished: kept(stream, settings) };
    return { end, stream, isRead: true, finished: DONE };
  }
  if (typeof (option as Partial<Writable> | null)?.write !== 'function')
    throw new ConfigError(NAMES[fd], "not one of 'inherit', 'pipe', 'ignore', an fd or a Writable");
  const { end, stream } = joined('readable');
  const finished = passed(stream, option, NAMES[fd]);
  // told when the container has ended
  finished.catch(() => {});
  return { end, isRead: true, finished };
}

/** No more than so many bytes; what comes then is read all the same, so that the program can end. */
async function kept(stream: Readable, { maxBuffer, onTooMuch }: OutputSettings): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let room = maxBuffer;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (chunk.length > room) onTooMuch();
    if (room > 0) chunks.push(chunk.length > room ? Buffer.from(chunk.subarray(0, room)) : chunk);
    room -= Math.min(room, chunk.length);
  }
  return Buffer.concat(chunks);
}

/** A sink that its owner closed takes no more, which the program finds out as of a pipe; one that fails is told of. */
async function passed(stream: Readable, sink: Writable, name: string): Promise<undefined> {
  try {
    await pipeline(stream, sink);
  } catch (cause) {
    if (errnoOf(cause) === 'ERR_STREAM_PREMATURE_CLOSE') return undefined;
    throw new TinyrunError('SYSCALL', `write ${name}: ${(cause as Error).message}`, {
      cause,
      hint: 'what the program wrote from then on is lost: see to the stream that its output goes to',
    });
  }
  return undefined;
}
