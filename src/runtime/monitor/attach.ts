import { closeSync, constants, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { errnoOf } from '../../errors.ts';
import { native } from '../../native/index.ts';
import type { Fd } from '../../native/types.ts';
import type { ExitRecord } from '../life.ts';
import { exitOf } from './client.ts';
import type { Messages } from './messages.gen.ts';
import { decodeMessage, encodeMessage, HEADER, type MessageName } from './messages.ts';

// A client of a running container's monitor, one of any number (native/init/clients.h).

/** Made by its monitor in the container's run directory. */
const SOCKET = 'socket';

export interface Attached {
  /** What is typed; false: the program is slow to read it, wait for `onDrain`. */
  type(text: Uint8Array): boolean;
  onDrain(then: () => void): void;
  closeStdin(): void;
  /** Nothing is read until `goOn`; a monitor hangs up on who lags behind by a megabyte. */
  hold(): void;
  goOn(): void;
  resize(size: { rows: number; columns: number }): void;
  /** The last thing we say: `ended` is when that has been done, or refused. */
  lookHealth(): void;
  /** The same: it runs the plan that lies there, and answers what came of it. */
  lookPlan(): Promise<Messages['ran'] | undefined>;
  /** It has ended, or its monitor was killed (undefined); or we were hung up on, for we did not read: undefined, too. */
  readonly ended: Promise<ExitRecord | undefined>;
  close(): void;
}

/** Told what the program writes, 1 or 2; none: only its end is waited for. */
export type OnOutput = (stream: 1 | 2, text: Buffer) => void;

/** Attaches to the container of a run directory; undefined: it has no monitor (any more). @throws Error of connect(2) */
export async function attachTo(run: string, onOutput?: OnOutput): Promise<Attached | undefined> {
  const socket = await connectTo(run);
  if (socket === undefined) return undefined;
  let ran: Messages['ran'] | undefined;
  const ended = heard(socket, onOutput, (answer) => {
    ran = answer;
  });
  const tell = <N extends MessageName>(name: N, message: Messages[N]) =>
    socket.write(encodeMessage(name, message));
  if (onOutput) tell('attach', { stdin: 1, output: 1 });
  return {
    type: (data) => tell('stdin', { data }),
    onDrain: (then) => void socket.once('drain', then),
    closeStdin: () => void tell('closeStdin', {}),
    hold: () => void socket.pause(),
    goOn: () => void socket.resume(),
    resize: (size) => void tell('resize', size),
    lookHealth: () => {
      tell('lookHealth', {});
      socket.end();
    },
    lookPlan: async () => {
      tell('lookPlan', {});
      socket.end();
      await ended;
      return ran;
    },
    ended,
    close: () => void socket.destroy(),
  };
}

/** Its monitor has gone: before, or with us in its queue. */
const GONE: readonly string[] = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET'];

/** By an fd of the directory: the path of a socket is cut at 108 bytes. */
async function connectTo(run: string): Promise<Socket | undefined> {
  let dir: number;
  try {
    dir = openSync(run, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return await new Promise<Socket>((resolve, reject) => {
      const socket = connect({ path: `/proc/self/fd/${dir}/${SOCKET}`, allowHalfOpen: true });
      socket.once('connect', () => resolve(socket.off('error', reject)));
      socket.once('error', reject);
    });
  } catch (error) {
    if (GONE.includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  } finally {
    closeSync(dir);
  }
}

function heard(
  socket: Socket,
  onOutput: OnOutput = () => {},
  onRan: (answer: Messages['ran']) => void = () => {},
): Promise<ExitRecord | undefined> {
  let rest: Buffer = Buffer.alloc(0);
  let exit: ExitRecord | undefined;
  const take = (frame: Buffer): void => {
    const kind = frame.readUInt8(0);
    if (kind === 1 || kind === 2) {
      onOutput(kind, frame.subarray(HEADER));
      return;
    }
    const message = decodeMessage(frame);
    if (message.name === 'exit') exit = exitOf(message);
    if (message.name === 'ran') onRan(message);
  };
  const hear = (piece: Buffer): void => {
    rest = rest.length > 0 ? Buffer.concat([rest, piece]) : piece;
    for (let at = 0; ; ) {
      const end = at + HEADER + (rest.length >= at + HEADER ? rest.readUInt32BE(at + 4) : 0);
      if (rest.length < at + HEADER || rest.length < end) {
        rest = rest.subarray(at);
        return;
      }
      take(rest.subarray(at, end));
      at = end;
    }
  };
  const spare = spareOf(socket);
  socket.on('data', hear);
  return new Promise((resolve) => {
    // who is hung up on with something unread hears of a reset connection: no more than an end
    socket.on('error', () => restOf(spare).forEach(hear));
    socket.once('end', () => socket.destroy());
    socket.once('close', () => {
      if (spare !== undefined) native().close(spare);
      resolve(exit);
    });
  });
}

/**
 * What is typed after a monitor has closed its end cannot be written, and node closes a socket for that with all that it has
 * not read of it: what the program wrote at its end, and how that was. So there is a second descriptor of it.
 */
function spareOf(socket: Socket): Fd | undefined {
  const { fd = -1 } = (socket as { readonly _handle?: { readonly fd?: number } })._handle ?? {};
  return fd < 0 ? undefined : native().dup(fd);
}

function restOf(spare: Fd | undefined): Buffer[] {
  const pieces: Buffer[] = [];
  try {
    while (spare !== undefined) {
      const piece = native().read(spare, PIECE);
      if (piece.length === 0) break;
      pieces.push(Buffer.from(piece));
    }
  } catch {
    // EAGAIN, ECONNRESET: that was all
  }
  return pieces;
}

const PIECE = 1 << 16;
