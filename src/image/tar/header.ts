import { TinyrunError } from '../../errors.ts';

export const BLOCK = 512;

export type EntryType = 'file' | 'link' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo';

/** A piece of a sparse file's data: where it lies and how long it is. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** One entry of a layer, its extended headers applied. */
export interface TarEntry {
  type: EntryType;
  /** As written: may be absolute, may hold `..`. */
  name: string;
  /** Of links; '' otherwise. */
  linkname: string;
  /** Permission bits with setuid, setgid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes of data in the archive. */
  size: number;
  mtimeNs: bigint;
  atimeNs?: bigint;
  devMajor: number;
  devMinor: number;
  xattrs?: Map<string, Buffer>;
  /** A sparse file's data, ascending, and its length; the data of `size` bytes fills the extents in order. */
  sparse?: { extents: Extent[]; length: number };
}

/** A header block as it stands, before extended headers. */
export interface RawHeader extends TarEntry {
  typeflag: string;
  /** Old GNU sparse: more extents follow in blocks of their own. */
  sparseContinues: boolean;
  /** Names that are not UTF-8: no harm where an extended header has the whole name, of which this one is cut off. */
  lossy: string[];
}

export const bad = (what: string): TinyrunError => new TinyrunError('BAD_LAYER', `tar archive: ${what}`);

const TYPES: Readonly<Record<string, EntryType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
  S: 'file',
  D: 'directory',
};

const HEADER_ONLY = '123456';

/** Decodes the 512 bytes at `at`. POSIX.1-1988 ustar, with GNU's binary numbers, sparse map and magic. */
export function decodeHeader(buf: Buffer, at: number): RawHeader {
  checkSum(buf, at);
  const typeflag = String.fromCharCode(buf[at + 156] ?? 0);
  const gnu = buf[at + 257] === 0x75 && buf[at + 263] === 0x20;
  const ustar = buf[at + 257] === 0x75 && buf[at + 262] === 0;
  const lossy: string[] = [];
  const base = text(buf, at, 100, lossy);
  const name = ustar && buf[at + 345] !== 0 ? `${text(buf, at + 345, 155, lossy)}/${base}` : base;
  if (lossy.length > 0) lossy.push(name);
  const old = (typeflag === '0' || typeflag === '\0') && name.endsWith('/');
  const header: RawHeader = {
    typeflag,
    type: old ? 'directory' : (TYPES[typeflag] ?? 'file'),
    name,
    linkname: text(buf, at + 157, 100, lossy),
    mode: number(buf, at + 100, 8) & 0o7777,
    uid: number(buf, at + 108, 8),
    gid: number(buf, at + 116, 8),
    size: HEADER_ONLY.includes(typeflag) ? 0 : number(buf, at + 124, 12),
    mtimeNs: BigInt(number(buf, at + 136, 12)) * 1_000_000_000n,
    devMajor: 0,
    devMinor: 0,
    sparseContinues: false,
    lossy,
  };
  if (typeflag === '3' || typeflag === '4') {
    header.devMajor = number(buf, at + 329, 8);
    header.devMinor = number(buf, at + 337, 8);
  }
  if (typeflag === 'S' && gnu) oldSparse(buf, at, header);
  return header;
}

/** Old GNU sparse: four extents in the header, the file's length at 483. */
function oldSparse(buf: Buffer, at: number, header: RawHeader): void {
  header.sparse = { extents: extents(buf, at + 386, 4), length: number(buf, at + 483, 12) };
  header.sparseContinues = buf[at + 482] !== 0;
}

/** `count` pairs of 12-byte numbers; a zero pair ends them. */
export function extents(buf: Buffer, at: number, count: number): Extent[] {
  const found: Extent[] = [];
  for (let i = 0; i < count; i++) {
    const field = at + i * 24;
    if (buf[field] === 0) break;
    found.push({ offset: number(buf, field, 12), length: number(buf, field + 12, 12) });
  }
  return found;
}

/** The sum of the header's bytes, its own field taken as spaces. */
function checkSum(buf: Buffer, at: number): void {
  let sum = 8 * 32;
  for (let i = at; i < at + 148; i++) sum += buf[i] ?? 0;
  for (let i = at + 156; i < at + BLOCK; i++) sum += buf[i] ?? 0;
  if (sum !== number(buf, at + 148, 8)) throw bad('wrong header checksum: damaged, or not a tar archive');
}

/** A NUL-terminated field; one that is not UTF-8 is noted. */
function text(buf: Buffer, at: number, length: number, lossy: string[]): string {
  let end = at;
  while (end < at + length && buf[end] !== 0) end++;
  const bytes = buf.subarray(at, end);
  const value = bytes.toString('utf8');
  if (value.includes('\ufffd') && !Buffer.from(value).equals(bytes)) lossy.push(value);
  return value;
}

/** No NUL (callers cut there or check), and nothing beyond ASCII. */
const isAscii = (text: string): boolean => !/[^\p{ASCII}]/u.test(text);

/** @throws TinyrunError BAD_LAYER for what is not UTF-8, since the replacement character would change the name */
export function utf8(bytes: Buffer): string {
  const value = bytes.toString('latin1');
  if (isAscii(value)) return value;
  const decoded = bytes.toString('utf8');
  if (!Buffer.from(decoded).equals(bytes)) throw bad(`name ${JSON.stringify(value)} is not UTF-8`);
  return decoded;
}

/** Octal digits, or GNU's base 256 where the first bit is set (then two's complement). */
export function number(buf: Buffer, at: number, length: number): number {
  const first = buf[at] ?? 0;
  if (first & 0x80) return base256(buf, at, length);
  let value = 0;
  let digits = false;
  for (let i = at; i < at + length; i++) {
    const byte = buf[i] ?? 0;
    if (byte === 0x20 && !digits) continue;
    if (byte === 0 || byte === 0x20) break;
    if (byte < 0x30 || byte > 0x37) throw bad('a number of a header is not octal');
    value = value * 8 + (byte - 0x30);
    digits = true;
  }
  return value;
}

function base256(buf: Buffer, at: number, length: number): number {
  const negative = ((buf[at] ?? 0) & 0x40) !== 0;
  let value = BigInt((buf[at] ?? 0) & 0x3f);
  for (let i = at + 1; i < at + length; i++) value = value * 256n + BigInt(buf[i] ?? 0);
  if (negative) value -= 1n << BigInt(8 * (length - 1) + 6);
  const result = Number(value);
  if (!Number.isSafeInteger(result)) throw bad('a number of a header is too large');
  return result;
}

export function isZeroBlock(buf: Buffer, at: number): boolean {
  for (let i = at; i < at + BLOCK; i++) if (buf[i] !== 0) return false;
  return true;
}
