import headers from 'tar-stream/headers';
import { TinyrunError } from '../../errors.ts';
import { BLOCK, bad, decodeHeader, extents, type RawHeader, type TarEntry } from './header.ts';
import { nameOfLatin1 } from './names.ts';
import { applyPax, checkSparse, type PaxRecords, pairs, parsePax } from './pax.ts';

/** What a reader calls, in this order: entry, data (as often as there are pieces), end. */
export interface TarHandler {
  entry(entry: TarEntry): void;
  /** A view of the reader's input: valid during the call only. */
  data(bytes: Buffer): void;
  end(): void;
  /**
   * Takes entries that begin at `at` by itself, header and data, as many as it likes of those that `input` holds whole;
   * answers where the first begins that it left alone.
   */
  takeFiles?(input: Buffer, at: number): number;
}

/** Bounds on what is held in memory; what is written is bounded by the handler. */
const MAX_EXTENDED = 1 << 20;
const MAX_SPARSE_MAP = 8 << 20;

/** The type flag '0'. */
const REGULAR = 0x30;

type State = 'header' | 'extended' | 'sparseBlock' | 'sparseMap' | 'data' | 'padding' | 'end';

/**
 * A tar archive pushed in pieces of any size, decoded without copies and without waiting: the writer below it is
 * synchronous, and a stream per entry would cost more than the entry. Reads what GNU tar, BSD tar and Go write:
 * ustar, PAX, GNU long names, all four sparse formats, base-256 numbers.
 */
export class TarReader {
  #state: State = 'header';
  /** Bytes of an unfinished block. */
  #held: Buffer = Buffer.alloc(0);
  #left = 0;
  #padding = 0;
  #extended: Buffer[] = [];
  #typeflag = '';
  #header: RawHeader | undefined;
  #longName: string | undefined;
  #longLink: string | undefined;
  #pax: PaxRecords = [];
  #zero = false;
  /** Lines of a sparse map still to come; 0 between maps. */
  #missingLines = 0;
  constructor(readonly handler: TarHandler) {}

  push(chunk: Buffer): void {
    let input = chunk;
    if (this.#held.length > 0) {
      input = Buffer.concat([this.#held, chunk]);
      this.#held = Buffer.alloc(0);
    }
    let at = 0;
    while (at < input.length) {
      const used = this.#step(input, at);
      if (used === 0) break;
      at += used;
    }
    if (at < input.length) this.#held = Buffer.from(input.subarray(at));
  }

  /** @throws TinyrunError BAD_LAYER when the archive stops inside an entry */
  finish(): void {
    // umoci insert pads no last file, and Go, so Docker, asks for no padding: nothing is lost without.
    const between = this.#state === 'header' || this.#state === 'padding';
    const whole = this.#state === 'end' || (between && this.#held.length === 0);
    if (!whole) throw bad('truncated: it ends inside an entry');
    if (this.#pax.length > 0 || this.#longName !== undefined || this.#longLink !== undefined)
      throw bad('truncated: it ends after an extended header');
  }

  /** Consumes some input from `at`; 0 when there is not enough. */
  #step(input: Buffer, at: number): number {
    const available = input.length - at;
    switch (this.#state) {
      case 'data':
      case 'extended':
        return this.#take(input, at, available);
      case 'padding':
        return this.#skip(available);
      case 'end':
        return available;
      default:
        return available < BLOCK ? 0 : this.#block(input, at);
    }
  }

  #block(input: Buffer, at: number): number {
    if (this.#isFile(input, at)) {
      const taken = (this.handler.takeFiles?.(input, at) ?? at) - at;
      if (taken > 0) return taken;
    }
    if (this.#state === 'sparseBlock') this.#sparseBlock(input, at);
    else if (this.#state === 'sparseMap') this.#sparseMap(input, at);
    else this.#headerBlock(input, at);
    return BLOCK;
  }

  /** Whether a regular file begins here that no extended header is about. */
  #isFile(input: Buffer, at: number): boolean {
    const extended = this.#pax.length > 0 || this.#longName !== undefined || this.#longLink !== undefined;
    return this.#state === 'header' && !this.#zero && !extended && input[at + 156] === REGULAR;
  }

  #headerBlock(input: Buffer, at: number): void {
    const header = decodeHeader(input.subarray(at, at + BLOCK));
    if (!header) {
      if (this.#zero) this.#state = 'end';
      this.#zero = true;
      return;
    }
    if (this.#zero) throw bad('data after the end mark');
    const { typeflag } = header;
    if ('xXgLKV'.includes(typeflag)) this.#beginExtended(header);
    else if (typeflag === 'M' || !/[0-7SD\0]/.test(typeflag))
      throw bad(`entry ${header.name} has the unknown type ${JSON.stringify(typeflag)}`);
    else this.#beginEntry(header);
  }

  #beginExtended(header: RawHeader): void {
    if (header.size > MAX_EXTENDED)
      throw new TinyrunError(
        'LAYER_LIMIT',
        `tar archive: an extended header of ${header.size} bytes, at most ${MAX_EXTENDED} are read`,
      );
    this.#typeflag = header.typeflag;
    this.#extended = [];
    this.#expect('extended', header.size);
  }

  #beginEntry(header: RawHeader): void {
    this.#header = header;
    if (header.sparseContinues) this.#state = 'sparseBlock';
    else this.#applyExtended(header);
  }

  #sparseBlock(input: Buffer, at: number): void {
    const header = this.#current();
    header.sparse?.extents.push(...extents(input, at, 21));
    if ((header.sparse?.extents.length ?? 0) * 24 > MAX_SPARSE_MAP) throw tooFragmented(header.name);
    if (input[at + 504] === 0) this.#applyExtended(header);
  }

  #applyExtended(header: RawHeader): void {
    if (this.#longName !== undefined) header.name = this.#longName;
    if (this.#longLink !== undefined) header.linkname = this.#longLink;
    const { mapInData } = applyPax(header, this.#pax);
    this.#longName = this.#longLink = undefined;
    this.#pax = [];
    if (header.type === 'file' && header.name.endsWith('/') && header.typeflag !== 'S')
      header.type = 'directory';
    this.#left = header.size;
    this.#padding = (BLOCK - (header.size % BLOCK)) % BLOCK;
    this.#extended = [];
    if (mapInData) this.#state = 'sparseMap';
    else this.#open(header);
  }

  /** PAX sparse 1.0: decimal lines (count, then offset and length by turns), padded to a block. */
  #sparseMap(input: Buffer, at: number): void {
    const header = this.#current();
    if (this.#left < BLOCK) throw bad(`sparse map of ${header.name} is truncated`);
    const block = Buffer.from(input.subarray(at, at + BLOCK));
    this.#extended.push(block);
    this.#left -= BLOCK;
    if (this.#extended.length * BLOCK > MAX_SPARSE_MAP) throw tooFragmented(header.name);
    this.#missingLines = this.#missingLines === 0 ? mapLines(block) : this.#missingLines;
    for (const byte of block) if (byte === 0x0a) this.#missingLines--;
    if (this.#missingLines > 0 || !header.sparse) return;
    this.#missingLines = 0;
    const numbers = decimalLines(Buffer.concat(this.#extended));
    header.sparse.extents = pairs(numbers);
    header.size = this.#left;
    this.#open(header);
  }

  #open(header: RawHeader): void {
    checkSparse(header);
    this.handler.entry(header);
    this.#expect('data', this.#left);
  }

  #expect(state: 'data' | 'extended', size: number): void {
    this.#state = state;
    this.#left = size;
    if (state === 'extended') this.#padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if (size === 0) this.#complete();
  }

  #take(input: Buffer, at: number, available: number): number {
    const length = Math.min(available, this.#left);
    const piece = input.subarray(at, at + length);
    if (this.#state === 'data') this.handler.data(piece);
    else this.#extended.push(Buffer.from(piece));
    this.#left -= length;
    if (this.#left === 0) this.#complete();
    return length;
  }

  #skip(available: number): number {
    const length = Math.min(available, this.#padding);
    this.#padding -= length;
    if (this.#padding === 0) this.#state = 'header';
    return length;
  }

  #complete(): void {
    if (this.#state === 'data') this.handler.end();
    else this.#endExtended(Buffer.concat(this.#extended));
    this.#state = this.#padding > 0 ? 'padding' : 'header';
  }

  #endExtended(data: Buffer): void {
    if (this.#typeflag === 'L') this.#longName = longName(data);
    else if (this.#typeflag === 'K') this.#longLink = longName(data);
    else if (this.#typeflag === 'x' || this.#typeflag === 'X') this.#pax = parsePax(data);
  }

  #current(): RawHeader {
    if (!this.#header) throw bad('a sparse map without a header');
    return this.#header;
  }
}

const tooFragmented = (name: string): TinyrunError =>
  new TinyrunError(
    'LAYER_LIMIT',
    `tar archive: the sparse map of ${name} is larger than ${MAX_SPARSE_MAP} bytes`,
  );

const longName = (data: Buffer): string => nameOfLatin1(headers.decodeLongPath(data, 'latin1'));

/** How many lines a sparse map has, from its first block: the count and two per extent. */
function mapLines(first: Buffer): number {
  const count = /^([0-9]{1,9})\n/.exec(first.toString('latin1'))?.[1];
  if (count === undefined) throw bad('a sparse map does not start with a count');
  return Number(count) * 2 + 1;
}

/** The numbers after the count. */
function decimalLines(map: Buffer): number[] {
  const lines = map.toString('latin1').split('\n');
  return lines.slice(1, Number(lines[0]) * 2 + 1).map((line) => {
    if (!/^[0-9]{1,15}$/.test(line)) throw bad('a sparse map holds what is not a number');
    return Number(line);
  });
}
