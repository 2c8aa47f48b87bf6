import type { Readable, Writable } from 'node:stream';
import { ConfigError } from '../engine/config/error.ts';
import { TinyrunError } from '../errors.ts';
import { type End, joined, lent, nowhere } from './ends.ts';
import type { InputOption } from './types.ts';

/** What a program reads. */
export interface Input {
  readonly end: End;
  /** There is any. */
  readonly isOpen: boolean;
  /** Handed over. */
  readonly stream?: Writable;
  /** The program has ended: nobody reads it any more. */
  stop(): void;
}

const none = (end: End, isOpen: boolean): Input => ({ end, isOpen, stop: () => {} });

/**
 * `onBroken` is told when the stream it comes from fails: a program must not take a part for the whole.
 * @throws ConfigError
 */
export function openInput(
  option: InputOption,
  { data, onBroken }: { data: string | Uint8Array | undefined; onBroken: (error: Error) => void },
): Input {
  if (data !== undefined) {
    const { end, stream } = joined('writable');
    // who does not read all of it has had enough
    stream.on('error', () => {}).end(data);
    return { end, isOpen: true, stop: () => stream.destroy() };
  }
  // its bytes are better read where they come from than by way of Node
  if (option === 'inherit' || option === process.stdin) return none(lent(0), true);
  if (option === 'ignore') return none(nowhere(), false);
  if (typeof option === 'number') return none(lent(option), true);
  if (option === 'pipe') {
    const { end, stream } = joined('writable');
    stream.on('error', () => {});
    return { end, isOpen: true, stream, stop: () => stream.destroy() };
  }
  if (typeof (option as Partial<Readable> | null)?.pipe !== 'function')
    throw new ConfigError('stdin', "not one of 'inherit', 'pipe', 'ignore', an fd or a Readable");
  return fromStream(option, onBroken);
}

function fromStream(source: Readable, onBroken: (error: Error) => void): Input {
  if (source.destroyed && !source.readableEnded)
    throw new ConfigError('stdin', 'that stream was closed before its end');
  const { end, stream } = joined('writable');
  const stop = () => {
    stream.destroy();
    source.destroy();
  };
  const breakOff = (cause: Error) => {
    onBroken(brokenOff(cause));
    stop();
  };
  source.on('error', breakOff);
  source.once('close', () => {
    if (!source.readableEnded && !stream.destroyed) breakOff(new Error('closed before its end'));
  });
  // a program that does not read all of it is no failure
  stream.on('error', stop);
  if (source.readableEnded) stream.end();
  else source.pipe(stream);
  return { end, isOpen: true, stop };
}

function brokenOff(cause: Error): TinyrunError {
  const hint = 'the container was ended: see to the stream that its input comes from';
  return new TinyrunError('SYSCALL', `read stdin: ${cause.message}`, { cause, hint });
}
