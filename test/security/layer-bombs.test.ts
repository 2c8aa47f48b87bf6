import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LayerStore } from '../../src/image/layers.ts';
import { encodeEntry, plain } from '../../src/image/tar/write.ts';
import { LIMITS } from '../../src/image/unpack/limits.ts';
import { UnpackSession } from '../../src/image/unpack/session.ts';
import { archive, type Entry, unpackBytes } from '../integration/image/archives.ts';

// Table B: bombs. What a layer may cost is bounded, and nothing is left of one that was refused.
//
// Each defence was taken out by itself; these tests then fail:
//   bytes, entries, implied parents, depth     their own; without the limit on bytes also what is left behind
//   ratio (limits.ts)                          ratio
//   size of an extended header (reader.ts)     a PAX header of its own
//   window of zstd (unpack/zstd.ts)             the three of it
//   size of a sparse map (reader.ts, twice)    the map in the data, the map behind the header
//   removal after a failure (session.ts)       nothing is left of a layer that was refused

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tinyrun-bomb-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const file = (name: string, body = 'x'): Entry => ({ name, body });

const small = { ...LIMITS, bytes: 1 << 20, entries: 100, depth: 20, ratio: 10, ratioFloor: 1 << 20 };
const unpackWith = async (entries: readonly Entry[], limits = small, pack = (bytes: Buffer) => bytes) =>
  unpackBytes(directory, pack(await archive(entries)), { limits });

test('bytes', async () => {
  await expect(unpackWith([file('big', 'x'.repeat(2 << 20))])).rejects.toMatchObject({
    code: 'LAYER_LIMIT',
  });
});

test('ratio', async () => {
  const zeros = [file('zeros', '\0'.repeat(8 << 20))];
  const limits = { ...small, bytes: 1 << 30 };
  await expect(unpackWith(zeros, limits, gzipSync)).rejects.toMatchObject({
    code: 'LAYER_LIMIT',
    message: expect.stringContaining('more than 10 times'),
  });
});

test('entries, and parents that only names imply', async () => {
  const many = Array.from({ length: 200 }, (_, i) => file(`f${i}`));
  await expect(unpackWith(many)).rejects.toMatchObject({ code: 'LAYER_LIMIT' });
  const implied = Array.from({ length: 20 }, (_, i) => file(`${i}/a/b/c/d/e/f/g`));
  await expect(unpackWith(implied)).rejects.toMatchObject({ code: 'LAYER_LIMIT' });
});

test('depth', async () => {
  await expect(unpackWith([file(`${'d/'.repeat(30)}f`)])).rejects.toMatchObject({ code: 'LAYER_LIMIT' });
});

test('a PAX header of its own', async () => {
  await expect(unpackWith([{ ...file('x'), pax: { comment: 'c'.repeat(2 << 20) } }])).rejects.toMatchObject({
    code: 'LAYER_LIMIT',
  });
});

test.each([
  ['of its first frame', Buffer.alloc(0)],
  [
    'of a frame behind others',
    Buffer.from('28b52ffd0000 010000 502a4d18 01000000 00'.replaceAll(' ', ''), 'hex'),
  ],
  ['of a frame in one segment', undefined],
])('a zstd window %s', async (_, before) => {
  // a gibibyte, and a block that is 128 KiB of zeros
  const frame = before ? '28b52ffd00a0' : '28b52ffda000000040';
  const bytes = Buffer.concat([before ?? Buffer.alloc(0), Buffer.from(`${frame}03001000`, 'hex')]);
  await expect(unpackBytes(directory, bytes, { limits: small })).rejects.toMatchObject({
    code: 'LAYER_LIMIT',
    message: expect.stringContaining('a window of more than 128 MiB'),
  });
});

test('zstd as it is made: one frame, several, with checksums and a long window', async () => {
  const bytes = await archive([file('zeros', '\0'.repeat(3 << 20)), file('text', 'text '.repeat(99))]);
  const pack = (part: Buffer, ...flags: string[]) => execFileSync('zstd', ['-c', ...flags], { input: part });
  const half = 1 << 20;
  const packed = [
    pack(bytes.subarray(0, half), '--check'),
    Buffer.from('502a4d1803000000aabbcc', 'hex'),
    pack(bytes.subarray(half), '--no-check', '--long=27'),
  ];
  const { bytes: size } = await unpackBytes(directory, Buffer.concat(packed));
  expect(size).toBe((3 << 20) + 495);
});

test('the map of a sparse file, in its data', async () => {
  const pax = { major: '1', minor: '0', name: 'x', realsize: '1' };
  const records = Object.entries(pax).map(([key, value]) => [`GNU.sparse.${key}`, value]);
  const body = `999999999\n${'0\n'.repeat(5 << 20)}`;
  await expect(unpackWith([{ ...file('x', body), pax: Object.fromEntries(records) }])).rejects.toMatchObject({
    code: 'LAYER_LIMIT',
  });
});

test('the map of a sparse file, in blocks behind its header', async () => {
  const header = encodeEntry({ ...plain(0), name: 'x' });
  header.write('S', 156);
  header.write('ustar  \0', 257);
  header.fill('0', 386, 494);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0`, 148);
  const more = Buffer.alloc(9 << 20, '0');
  await expect(
    unpackBytes(directory, Buffer.concat([header, more]), { limits: small }),
  ).rejects.toMatchObject({
    code: 'LAYER_LIMIT',
  });
});

test('nothing is left of a layer that was refused', async () => {
  const blob = join(directory, 'blob');
  writeFileSync(blob, await archive([file('small'), file('big', 'x'.repeat(2 << 20))]));
  const layers = new LayerStore(directory);
  const diffId = `sha256:${'0'.repeat(64)}`;
  const session = await UnpackSession.open(layers, { diffId, blob, limits: small });
  session?.grow(statSync(blob).size);
  await expect(session?.commit()).rejects.toMatchObject({ code: 'LAYER_LIMIT' });
  expect(layers.list()).toEqual([]);
  expect(readdirSync(join(layers.root, 'tmp'))).toEqual([`${'0'.repeat(64)}.lock`]);
});

test('nothing is left of a layer that no room was left for, whoever filled its files', async () => {
  const blob = join(directory, 'blob');
  writeFileSync(blob, await archive(Array.from({ length: 90 }, (_, i) => file(`f${i}`, 'x'.repeat(8000)))));
  const store = join(directory, 'store');
  mkdirSync(store);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', store]);
  try {
    const layers = new LayerStore(store);
    const session = await UnpackSession.open(layers, { diffId: `sha256:${'0'.repeat(64)}`, blob });
    session?.grow(statSync(blob).size);
    await expect(session?.commit()).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(readdirSync(join(layers.root, 'tmp'))).toEqual([`${'0'.repeat(64)}.lock`]);
  } finally {
    execFileSync('umount', [store]);
  }
});

test('a sparse file is as long as it says and as large as it is', async () => {
  const sparse = join(directory, 'sparse');
  execFileSync('truncate', ['-s', '4G', sparse]);
  writeFileSync(sparse, 'head', { flag: 'r+' });
  const bytes = execFileSync('tar', ['-cS', '-C', directory, 'sparse']);
  rmSync(sparse);
  await unpackBytes(directory, bytes, { limits: small });
  const stat = execFileSync('stat', ['-c', '%s %b', join(directory, 'tree/sparse')], { encoding: 'utf8' });
  const [length, blocks] = stat.trim().split(' ').map(Number);
  expect(length).toBe(4 * 2 ** 30);
  expect(blocks).toBeLessThan(64);
});
