import { BLOCK, type EntryType, type TarEntry } from './header.ts';

const FLAG: Readonly<Record<EntryType, string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

const MAX_OCTAL = 0o7777777;
const MAX_SIZE = 0o77777777777;
const SECOND = 1_000_000_000n;

/** The blocks in front of an entry's data: ustar, and a PAX header for what ustar cannot say. */
export function encodeEntry(entry: TarEntry): Buffer {
  const pax = paxRecords(entry);
  const header = block(entry, FLAG[entry.type], entry.size);
  if (pax.length === 0) return header;
  const data = Buffer.concat(pax);
  const short: TarEntry = {
    ...plain(data.length),
    name: `PaxHeaders/${entry.name.slice(-80).replace(/[^\x20-\x7e]/g, '_')}`,
  };
  return Buffer.concat([block(short, 'x', data.length), data, padding(data.length), header]);
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

function paxRecords(entry: TarEntry): Buffer[] {
  const records: Buffer[] = [];
  const add = (key: string, value: string | Buffer) => records.push(record(key, Buffer.from(value)));
  if (!fitsName(entry.name)) add('path', entry.name);
  if (!isAscii(entry.linkname) || entry.linkname.length > 100) add('linkpath', entry.linkname);
  if (entry.size > MAX_SIZE) add('size', String(entry.size));
  if (entry.uid > MAX_OCTAL) add('uid', String(entry.uid));
  if (entry.gid > MAX_OCTAL) add('gid', String(entry.gid));
  if (entry.mtimeNs % SECOND !== 0n || entry.mtimeNs < 0n) add('mtime', decimal(entry.mtimeNs));
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

/** What readers without PAX see. */
const ascii = (text: string): string => text.replace(/[^\x20-\x7e]/g, '_');

const isAscii = (text: string): boolean => !/[^\x20-\x7e]/.test(text);

const fitsName = (name: string): boolean => isAscii(name) && splitUstar(name) !== undefined;

/** The name in 100 bytes, or with its beginning in the 155 of the prefix. */
function splitUstar(name: string): { name: string; prefix: string } | undefined {
  if (name.length <= 100) return { name, prefix: '' };
  const slash = name.indexOf('/', name.length - 101);
  if (slash <= 0 || slash > 155 || slash === name.length - 1) return undefined;
  return { name: name.slice(slash + 1), prefix: name.slice(0, slash) };
}

function block(entry: TarEntry, flag: string, size: number): Buffer {
  const out = Buffer.alloc(BLOCK);
  const split = splitUstar(entry.name) ?? { name: entry.name.slice(0, 100), prefix: '' };
  out.write(ascii(split.name), 0, 100, 'latin1');
  octal(out, entry.mode, 100, 8);
  octal(out, Math.min(entry.uid, MAX_OCTAL), 108, 8);
  octal(out, Math.min(entry.gid, MAX_OCTAL), 116, 8);
  octal(out, Math.min(size, MAX_SIZE), 124, 12);
  octal(out, entry.mtimeNs < 0n ? 0 : Number(entry.mtimeNs / SECOND), 136, 12);
  out.write(flag, 156, 'latin1');
  out.write(ascii(entry.linkname).slice(0, 100), 157, 100, 'latin1');
  out.write('ustar\0' + '00', 257, 'latin1');
  octal(out, entry.devMajor, 329, 8);
  octal(out, entry.devMinor, 337, 8);
  out.write(split.prefix, 345, 155, 'latin1');
  out.fill(' ', 148, 156);
  octal(
    out,
    out.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return out;
}

function octal(out: Buffer, value: number, at: number, length: number): void {
  out.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, length, 'latin1');
}
