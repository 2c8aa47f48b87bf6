/// <reference path="./tar-stream-headers.d.ts" />

import headers from 'tar-stream/headers';
import { TinyrunError } from '../../errors.ts';
import { dict } from '../../store/dict.ts';
import { nameOfLatin1 } from './names.ts';

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
}

export const bad = (what: string): TinyrunError => new TinyrunError('BAD_LAYER', `tar archive: ${what}`);

const TYPES: Readonly<Record<string, EntryType>> = dict({
  file: 'file',
  'contiguous-file': 'file',
  link: 'link',
  symlink: 'symlink',
  'character-device': 'char',
  'block-device': 'block',
  directory: 'directory',
  fifo: 'fifo',
});

const HEADER_ONLY = '123456';

/**
 * A header block, undefined for one of zeros. tar-stream decodes it, names as latin1, which keeps their bytes; ours is
 * what it cannot read: GNU's own types, sparse maps and times before 1970.
 */
export function decodeHeader(block: Buffer): RawHeader | undefined {
  const decoded = decode(block);
  if (!decoded) return undefined;
  const typeflag = String.fromCharCode(block[156] ?? 0);
  const header: RawHeader = {
    typeflag,
    type: typeflag === 'D' ? 'directory' : (TYPES[decoded.type ?? 'file'] ?? 'file'),
    name: nameOfLatin1(decoded.name),
    linkname: nameOfLatin1(decoded.linkname ?? ''),
    mode: count(decoded.mode) & 0o7777,
    uid: count(decoded.uid),
    gid: count(decoded.gid),
    size: HEADER_ONLY.includes(typeflag) ? 0 : dataSize(block, decoded.size),
    mtimeNs: BigInt(seconds(block, decoded.mtime)) * 1_000_000_000n,
    devMajor: 0,
    devMinor: 0,
    sparseContinues: false,
  };
  if (typeflag === '3' || typeflag === '4') {
    header.devMajor = count(decoded.devmajor);
    header.devMinor = count(decoded.devminor);
  }
  if (typeflag === 'S' && block.toString('latin1', 257, 265) === GNU_MAGIC) oldSparse(block, header);
  return header;
}

const GNU_MAGIC = 'ustar  \0';

function decode(block: Buffer): ReturnType<typeof headers.decode> {
  try {
    return headers.decode(block, 'latin1', true);
  } catch (cause) {
    // the one thing that it throws for when unknown formats (v7) are allowed
    throw new TinyrunError('BAD_LAYER', 'tar archive: wrong header checksum: damaged, or not a tar archive', {
      cause,
    });
  }
}

/** What tar-stream could not make a number of is null or NaN. */
function count(value: number | null): number {
  if (value === null || !Number.isSafeInteger(value) || value < 0)
    throw bad('a number of a header is neither octal nor in range');
  return value;
}

/**
 * The size says where the next header is: readers that differ on it see different archives (CVE-2025-62518), and
 * tar-stream takes digits as far as they go.
 */
function dataSize(block: Buffer, size: number | null): number {
  if (count(size) !== number(block, 124, 12)) throw bad('a size can be read in two ways');
  return count(size);
}

/** tar-stream is a second off below 1970, where GNU tar writes two's complement. */
function seconds(block: Buffer, mtime: Date): number {
  const value = block[136] === 0xff ? number(block, 136, 12) : mtime.getTime() / 1000;
  if (!Number.isSafeInteger(value)) throw bad('a time of a header is neither octal nor in range');
  return value;
}

/** Old GNU sparse: four extents in the header, the file's length at 483. */
function oldSparse(block: Buffer, header: RawHeader): void {
  header.sparse = { extents: extents(block, 386, 4), length: number(block, 483, 12) };
  header.sparseContinues = block[482] !== 0;
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

/** Octal digits, or GNU's base 256 where the first bit is set (then two's complement). */
function number(buf: Buffer, at: number, length: number): number {
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
