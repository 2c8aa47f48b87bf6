import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { archive, unpackBytes } from './archives.ts';

// What zstd(1) and zstd:chunked make, as layers; frames that nobody makes are in test/unit/image/decompress.test.ts.

const TINYRUN = join(import.meta.dirname, '../../../bin/tinyrun');
const BUILT = existsSync(join(import.meta.dirname, '../../../dist/main.cjs'));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tinyrun-zstd-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

function zstd(input: Buffer, ...flags: string[]): Buffer {
  return execFileSync('zstd', ['-q', '-c', ...flags], { input, maxBuffer: 1 << 30 });
}

/** Noise and text by turns; the noise repeats, far apart. */
function content(size: number): Buffer {
  const noise = randomBytes(Math.min(100 << 20, Math.ceil(size / 2)));
  const text = Buffer.from('a line of a text, and another\n'.repeat(1 + size / 300));
  const parts: Buffer[] = [];
  for (let made = 0; made < size; made += parts.at(-1)?.length ?? 0)
    parts.push(parts.length % 2 === 0 ? noise : text);
  return Buffer.concat(parts).subarray(0, size);
}

async function checkLayer(tar: Buffer, packed: Buffer): Promise<void> {
  const { diffId, bytes } = await unpackBytes(directory, packed);
  expect({ diffId, bytes }).toEqual({ diffId: sha256(tar), bytes: expect.any(Number) });
}

const SIZES = [1, 1000, 128 << 10, (128 << 10) + 1, 400_000, 3 << 20];
const LEVELS = [['-1'], ['-3', '--no-check'], ['-19'], ['--fast=10', '--no-content-size']];

describe.each(LEVELS.map((flags) => [flags.join(' '), flags] as const))('zstd %s', (_, flags) => {
  test.each(SIZES)('%i bytes', async (size) => {
    const body = content(size);
    const tar = await archive([{ name: 'file', body }]);
    await checkLayer(tar, zstd(tar, ...flags));
    expect(readFileSync(join(directory, 'tree/file')).equals(body)).toBe(true);
  });
});

// A window of 128 MiB, since the size of what comes through a pipe is not known.
test('zstd --ultra -22 --long=27', async () => {
  const tar = await archive([{ name: 'file', body: content(3 << 20) }]);
  const packed = zstd(tar, '--ultra', '-22', '--long=27');
  await checkLayer(tar, packed);
});

test('200 MB with matches 120 MB apart', async () => {
  const tar = await archive([{ name: 'file', body: content(200_000_000) }]);
  await checkLayer(tar, zstd(tar, '-1', '--long=27'));
});

test('zstd --long=28 is refused', async () => {
  const tar = await archive([{ name: 'file', body: content(1000) }]);
  await expect(unpackBytes(directory, zstd(tar, '-1', '--long=28'))).rejects.toMatchObject({
    code: 'LAYER_LIMIT',
    message: expect.stringContaining('more than 128 MiB'),
  });
});

/** As containers/storage writes it: a frame a chunk of a file, then what its own reader finds from the end. */
test('zstd:chunked', async () => {
  const names = ['a', 'b', 'c'];
  const tar = await archive(names.map((name) => ({ name, body: content(300_000) })));
  const chunks: Buffer[] = [];
  for (let at = 0; at < tar.length; at += 100_000) chunks.push(zstd(tar.subarray(at, at + 100_000)));
  const skippable = (data: Buffer) => {
    const head = Buffer.from('502a4d1800000000', 'hex');
    head.writeUInt32LE(data.length, 4);
    return Buffer.concat([head, data]);
  };
  const manifest = zstd(Buffer.from(JSON.stringify({ version: 1, entries: names })));
  const footer = Buffer.concat([Buffer.alloc(56, 1), Buffer.from('GNUlInUx')]);
  const tail = [manifest, zstd(randomBytes(9000)), footer].map(skippable);
  await checkLayer(tar, Buffer.concat([...chunks, ...tail]));
});

// The built program, whose layers are unpacked on threads of their own, under whatever node runs this.
describe.skipIf(!BUILT)('tinyrun import', () => {
  const packers: [string, (tar: Buffer) => Buffer][] = [
    ['zstd', (tar) => zstd(tar)],
    [
      'zstd of several frames',
      (tar) => Buffer.concat([zstd(tar.subarray(0, 9e5)), zstd(tar.subarray(9e5), '-9')]),
    ],
    ['gzip', (tar) => gzipSync(tar)],
    [
      'gzip of several members',
      (tar) => Buffer.concat([tar.subarray(0, 9e5), tar.subarray(9e5)].map((part) => gzipSync(part))),
    ],
    ['none', (tar) => tar],
  ];
  test.each(packers)('%s', async (_, pack) => {
    const tar = await archive([{ name: 'file', body: randomBytes(3_000_000) }]);
    const file = join(directory, 'layer');
    writeFileSync(file, pack(tar));
    const tinyrun = (...args: string[]) =>
      execFileSync(TINYRUN, ['--data-root', join(directory, 'data'), ...args], { encoding: 'utf8' });
    expect(tinyrun('import', file, 'packed:1')).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect(
      JSON.parse(tinyrun('image', 'inspect', '--format', '{{json .RootFS.Layers}}', 'packed:1')),
    ).toEqual([sha256(tar)]);
  });
});
