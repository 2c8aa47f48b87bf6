import headers from 'tar-stream/headers';
import { BLOCK, type EntryType, type TarEntry } from './header.ts';
import { encodeName, isText } from './names.ts';

const TYPE = {
  file: 'file',
  link: 'link',
  symlink: 'symlink',
  char: 'character-device',
  block: 'block-device',
  directory: 'directory',
  fifo: 'fifo',
} as const;

/** What tar-stream's header holds: six digits of an id, eleven of a size, a time of 32 bits. */
const MAX_ID = 0o777777;
const MAX_SIZE = 0o77777777777;
const MAX_SECONDS = 2n ** 31n - 1n;
const SECOND = 1_000_000_000n;

/** The blocks in front of an entry's data: tar-stream's header, and PAX records of ours for what it cannot say. */
export function encodeEntry(entry: TarEntry): Buffer {
  const whole = ustar(entry, TYPE[entry.type]);
  const pax = paxRecords(entry, whole === undefined);
  const header = whole ?? cutHeader(entry);
  if (pax.length === 0) return header;
  const data = Buffer.concat(pax);
  const name = `PaxHeaders/${ascii(entry.name.slice(-80))}`;
  const extended = ustar({ ...plain(data.length), name }, 'pax-header') ?? Buffer.alloc(0);
  return Buffer.concat([extended, data, padding(data.length), header]);
}

/** Undefined where the names do not fit; what else does not fit is cut, and for paxRecords to say. */
function ustar(entry: TarEntry, type: (typeof TYPE)[EntryType] | 'pax-header'): Buffer | undefined {
  const { name, linkname, mode, size, devMajor: devmajor, devMinor: devminor } = entry;
  if (!isAscii(name) || !isAscii(linkname)) return undefined;
  const seconds = entry.mtimeNs < 0n ? 0n : entry.mtimeNs / SECOND;
  const uid = Math.min(entry.uid, MAX_ID);
  const gid = Math.min(entry.gid, MAX_ID);
  const mtime = new Date(Number(seconds > MAX_SECONDS ? MAX_SECONDS : seconds) * 1000);
  const header = { name, linkname, mode, uid, gid, size: Math.min(size, MAX_SIZE), mtime, type };
  return headers.encode({ ...header, devmajor, devminor }) ?? undefined;
}

/** What readers without PAX see. */
function cutHeader(entry: TarEntry): Buffer {
  const short = (name: string) => ascii(name).slice(0, 100);
  const cut = { ...entry, name: short(entry.name), linkname: short(entry.linkname) };
  return ustar(cut, TYPE[entry.type]) ?? Buffer.alloc(BLOCK);
}

/** Zeros up to the next block. */
export const padding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);

/** What ends an archive. */
export const END = Buffer.alloc(2 * BLOCK);

/** A file of root's with nothing special about it. */
export function plain(size: number): TarEntry {
  return {
    type: 'file',
    name: '',
    linkname: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size,
    mtimeNs: 0n,
    devMajor: 0,
    devMinor: 0,
  };
}

function paxRecords(entry: TarEntry, cut: boolean): Buffer[] {
  const records: Buffer[] = [];
  const add = (key: string, value: string | Buffer) => records.push(record(key, Buffer.from(value)));
  const seconds = entry.mtimeNs / SECOND;
  if (!isText(entry.name) || !isText(entry.linkname)) add('hdrcharset', 'BINARY');
  if (cut) add('path', encodeName(entry.name));
  if (cut && entry.linkname !== '') add('linkpath', encodeName(entry.linkname));
  if (entry.size > MAX_SIZE) add('size', String(entry.size));
  if (entry.uid > MAX_ID) add('uid', String(entry.uid));
  if (entry.gid > MAX_ID) add('gid', String(entry.gid));
  if (entry.mtimeNs % SECOND !== 0n || seconds < 0n || seconds > MAX_SECONDS)
    add('mtime', decimal(entry.mtimeNs));
  for (const [name, value] of entry.xattrs ?? []) add(`SCHILY.xattr.${name}`, value);
  return records;
}

/** "LENGTH KEY=VALUE\n", where LENGTH counts its own digits. */
function record(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function decimal(ns: bigint): string {
  const positive = ns < 0n ? -ns : ns;
  const fraction = String(positive % SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${ns < 0n ? '-' : ''}${positive / SECOND}${fraction && `.${fraction}`}`;
}

const ascii = (text: string): string => text.replace(/[^\x20-\x7e]/g, '_');

const isAscii = (text: string): boolean => !/[^\x20-\x7e]/.test(text);
