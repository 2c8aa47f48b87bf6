import { ReadStream } from 'node:tty';
import { errnoOf } from '../errors.ts';
import { native } from '../native/index.ts';
import type { Fd } from '../native/types.ts';
import { ownSize } from './console.ts';

/** A container's terminal joined to this process's standard streams. */
export interface TerminalPump {
  /** Resolves when the container's side is closed and all of its output is written. */
  readonly drained: Promise<void>;
  /** Gives the host's terminal its settings back and lets go of the streams; idempotent. */
  detach(): void;
}

export interface TerminalOptions {
  /** Master of the container's pty; owned by the pump from here on. */
  readonly master: Fd;
  /** Pass standard input on (the default). */
  readonly stdin?: boolean;
  /** The container's terminal has lines end as they were written: ours goes on making \r\n of \n, where it did. */
  readonly lineEndsStay?: boolean;
}

/** This process's terminal, while a container has the use of it. */
export interface LoanOptions {
  /** What is typed goes there: raw mode, where standard input is a terminal (the default). */
  readonly stdin?: boolean;
  readonly lineEndsStay?: boolean;
  /** Told the size now and whenever it changes; never where ours is no terminal. */
  readonly onSize: (size: { rows: number; columns: number }) => void;
}

/** Answers what gives the host's terminal its settings back. */
export function lendTerminal({ stdin, lineEndsStay, onSize }: LoanOptions): () => void {
  const isTyped = stdin !== false && native().isatty(0);
  const saved = isTyped ? native().makeRaw(0, lineEndsStay === true) : undefined;
  const onResize = (): void => {
    const size = ownSize();
    if (size !== undefined) onSize(size);
  };
  onResize();
  process.on('SIGWINCH', onResize);
  return () => {
    process.off('SIGWINCH', onResize);
    if (saved !== undefined) native().restoreTermios(0, saved);
  };
}

/** More than a pty answers at once. */
const PIECE = 65536;

/**
 * What still lies in a pty whose last slave is closed, then EIO. After one read libuv takes the hang-up for the end,
 * whatever is left; with more than 4095 bytes, which is when the program was faster than we are, something is.
 */
function writeRest(master: Fd): void {
  for (;;) {
    try {
      const piece = native().read(master, PIECE);
      if (piece.length === 0) return;
      process.stdout.write(piece);
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'EIO' && code !== 'EAGAIN') throw error;
      return;
    }
  }
}

/** Copies the container's output to standard output, with back-pressure. */
function pumpOutput(terminal: ReadStream, master: Fd): Promise<void> {
  return new Promise((resolve, reject) => {
    // what waits in standard output would be lost with the process
    const done = () => void process.stdout.write('', () => resolve());
    terminal.on('data', (chunk) => {
      if (process.stdout.write(chunk)) return;
      terminal.pause();
      process.stdout.once('drain', () => terminal.resume());
    });
    terminal.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EIO' ? done() : reject(error)));
    terminal.on('close', done);
    terminal.on('end', () => {
      try {
        writeRest(master);
        done();
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** ^D: what a terminal makes of the end of a pipe on standard input. */
const END_OF_TRANSMISSION = '\x04';

function pumpInput(terminal: ReadStream): () => void {
  // A tty.ReadStream of a master is a socket underneath: it writes too, though its type does not say so.
  const sink = terminal as unknown as NodeJS.WritableStream;
  const onData = (chunk: Buffer): void => {
    if (sink.write(chunk)) return;
    process.stdin.pause();
    sink.once('drain', () => process.stdin.resume());
  };
  const onEnd = (): void => void sink.write(END_OF_TRANSMISSION);
  process.stdin.on('data', onData).once('end', onEnd);
  return () => {
    process.stdin.off('data', onData).off('end', onEnd).pause();
    process.stdin.unref?.();
  };
}

/**
 * Joins a container's terminal to standard input and output: raw mode where standard input is a terminal,
 * resizes followed, every key (Ctrl-C too) sent to the container. The addon restores the host's terminal
 * also when this process exits or is ended by a signal.
 */
export function pumpTerminal(options: TerminalOptions): TerminalPump {
  const { master, ...loan } = options;
  const onSize: LoanOptions['onSize'] = ({ rows, columns }) => native().setWinsize(master, rows, columns);
  const giveBack = lendTerminal({ ...loan, onSize });
  // at the end its fd stays open: see writeRest
  const terminal = new ReadStream(master, { allowHalfOpen: true });
  const stopInput = options.stdin === false ? () => {} : pumpInput(terminal);
  let attached = true;
  const detach = (): void => {
    if (!attached) return;
    attached = false;
    stopInput();
    terminal.destroy();
    giveBack();
  };
  return { drained: pumpOutput(terminal, master), detach };
}
