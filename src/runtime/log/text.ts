import { native } from '../../native/index.ts';
import type { LogText } from '../../native/types.ts';
import { decodeLine } from './line.ts';

/** What stands before each line. */
export interface LogForm {
  /** Its time. */
  readonly timestamps?: boolean | undefined;
  /** What the log's options add, which is nothing so far, and a space. */
  readonly details?: boolean | undefined;
}

export interface LogPiece {
  readonly fd: 1 | 2;
  readonly bytes: Uint8Array;
}

const LINE_FEED = 10;

/** Cuts the text out of lines. */
export class LogTexts {
  readonly #how: LogText;
  #room = Buffer.alloc(0);

  constructor(how: LogText) {
    this.#how = how;
  }

  /** That of whole lines, each piece lent until the next is asked for. */
  *of(lines: Buffer): Generator<LogPiece> {
    if (this.#room.length < lines.length) this.#room = Buffer.allocUnsafe(lines.length);
    for (let rest = lines; rest.length > 0; ) {
      const { stream, read, written } = native().decodeLog(rest, this.#room, this.#how);
      if (stream !== 0) {
        if (written > 0) yield { fd: stream, bytes: this.#room.subarray(0, written) };
        rest = rest.subarray(read);
        continue;
      }
      const end = rest.indexOf(LINE_FEED);
      yield* this.#another(rest.toString('utf8', 0, end));
      rest = rest.subarray(end + 1);
    }
  }

  /** A line that our monitor would have written in another way. */
  *#another(json: string): Generator<LogPiece> {
    const { since, until, timestamps, details } = this.#how;
    const line = decodeLine(json);
    if (!line || line.time < since || (until !== undefined && line.time >= until)) return;
    const text = `${timestamps ? `${line.time} ` : ''}${details ? ' ' : ''}${line.text}`;
    if (text !== '') yield { fd: line.stream === 'stderr' ? 2 : 1, bytes: Buffer.from(text) };
  }
}
