import { bad, type Extent, type TarEntry } from './header.ts';
import { decodeName, isText } from './names.ts';

/** The records of a PAX extended header in order; GNU's sparse 0.0 repeats keys, so this is no map. */
export type PaxRecords = readonly { readonly key: string; readonly value: Buffer }[];

/** "LENGTH KEY=VALUE\n", LENGTH in decimal and counting itself; VALUE may be binary (xattrs). */
export function parsePax(data: Buffer): PaxRecords {
  const records: { key: string; value: Buffer }[] = [];
  for (let at = 0; at < data.length && data[at] !== 0; ) {
    const space = data.indexOf(0x20, at);
    const digits = space < 0 ? '' : data.toString('latin1', at, space);
    const length = /^[1-9][0-9]{0,9}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = data.indexOf(0x3d, space);
    if (length === 0 || end > data.length || data[end - 1] !== 0x0a || equals < 0 || equals >= end - 1)
      throw bad('malformed PAX header');
    records.push({ key: keyOf(data.subarray(space + 1, equals)), value: data.subarray(equals + 1, end - 1) });
    at = end;
  }
  return records;
}

function keyOf(bytes: Buffer): string {
  const key = decodeName(bytes);
  if (!isText(key)) throw bad(`PAX key ${JSON.stringify(bytes.toString('latin1'))} is not UTF-8`);
  return key;
}

const XATTR = 'SCHILY.xattr.';

/** What records say beyond the entry itself. */
export interface PaxExtras {
  /** GNU sparse 1.0: the map stands in front of the data. */
  mapInData: boolean;
}

/** Puts the records over the fields of a header. An empty value takes a record back (POSIX.1-2001). */
export function applyPax(entry: TarEntry, records: PaxRecords): PaxExtras {
  const sparse = new SparseRecords();
  for (const { key, value } of records) {
    if (key.startsWith(XATTR)) setXattr(entry, key.slice(XATTR.length), value);
    else if (key.startsWith('GNU.sparse.'))
      sparse.take(key.slice(11), value.toString('latin1'), entry, value);
    else if (value.length > 0) applyRecord(entry, key, value);
  }
  return { mapInData: sparse.finish(entry) };
}

function setXattr(entry: TarEntry, name: string, value: Buffer): void {
  entry.xattrs ??= new Map();
  entry.xattrs.set(name, Buffer.from(value));
}

function applyRecord(entry: TarEntry, key: string, value: Buffer): void {
  if (key === 'path') entry.name = path(value);
  else if (key === 'linkpath') entry.linkname = path(value);
  else if (key === 'size') entry.size = entry.type === 'file' ? integer(value, key) : 0;
  else if (key === 'uid') entry.uid = integer(value, key);
  else if (key === 'gid') entry.gid = integer(value, key);
  else if (key === 'mtime') entry.mtimeNs = nanoseconds(value);
  else if (key === 'atime') entry.atimeNs = nanoseconds(value);
}

function path(value: Buffer): string {
  if (value.includes(0)) throw bad('a PAX path holds a NUL byte');
  return decodeName(value);
}

function integer(value: Buffer | string, key: string): number {
  const text = value.toString();
  const parsed = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(parsed)) throw bad(`PAX record ${key} is not a number in range`);
  return parsed;
}

/** Seconds with a fraction, to the nanosecond; times before 1970 are negative. */
function nanoseconds(value: Buffer): bigint {
  const match = /^(-?)([0-9]{1,18})(?:\.([0-9]*))?$/.exec(value.toString('latin1'));
  if (!match) throw bad('a PAX time is not a number');
  const fraction = BigInt(`${match[3] ?? ''}000000000`.slice(0, 9));
  const total = BigInt(match[2] ?? 0) * 1_000_000_000n + fraction;
  return match[1] === '-' ? -total : total;
}

/** GNU tar's sparse formats 0.0, 0.1 and 1.0. */
class SparseRecords {
  #numbers: number[] = [];
  #length: number | undefined;
  #major: string | undefined;
  #minor: string | undefined;

  take(key: string, text: string, entry: TarEntry, raw: Buffer): void {
    if (key === 'major') this.#major = text;
    else if (key === 'minor') this.#minor = text;
    else if (key === 'name') entry.name = path(raw);
    else if (key === 'size' || key === 'realsize') this.#length = integer(text, key);
    else if (key === 'offset' || key === 'numbytes') this.#numbers.push(integer(text, key));
    else if (key === 'map')
      this.#numbers = text === '' ? [] : text.split(',').map((part) => integer(part, key));
  }

  /** True where the map comes with the data. */
  finish(entry: TarEntry): boolean {
    if (this.#major === '1' && this.#minor === '0') {
      entry.sparse = { extents: [], length: this.#length ?? 0 };
      return true;
    }
    if (this.#length !== undefined) entry.sparse = { extents: pairs(this.#numbers), length: this.#length };
    return false;
  }
}

/** Offset and length by turns. */
export function pairs(numbers: readonly number[]): Extent[] {
  if (numbers.length % 2) throw bad('a sparse map has an odd count of numbers');
  const extents: Extent[] = [];
  for (let i = 0; i < numbers.length; i += 2)
    extents.push({ offset: numbers[i] ?? 0, length: numbers[i + 1] ?? 0 });
  return extents;
}

/** Extents must ascend without overlap, lie within the file, and sum to the data there is. */
export function checkSparse(entry: TarEntry): void {
  if (!entry.sparse) return;
  let end = 0;
  let sum = 0;
  for (const { offset, length } of entry.sparse.extents) {
    if (offset < end || offset + length > entry.sparse.length)
      throw bad(`sparse map of ${entry.name} is out of order or range`);
    end = offset + length;
    sum += length;
  }
  if (sum !== entry.size) throw bad(`sparse map of ${entry.name} does not match its data`);
}
