import { deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decompress } from '../../../src/image/unpack/decompress.ts';

/** Pieces of one buffer, which is scribbled over as soon as a piece is given back. */
async function* lent(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  const piece = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    const length = bytes.copy(piece, 0, at, at + size);
    yield piece.subarray(0, length);
    piece.fill(0xaa);
  }
}

/** What comes out, copied in time, and scribbled over for whoever would still need it. */
async function unpacked(bytes: Buffer, size = 1 << 20): Promise<Buffer> {
  const out: Buffer[] = [];
  await decompress(lent(bytes, size), (chunk) => {
    out.push(Buffer.from(chunk));
    chunk.fill(0xbb);
  });
  return Buffer.concat(out);
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** A frame of raw blocks, by hand: a descriptor of one segment or of a window of 1 KiB. */
function frame(data: Buffer, { size = true, block = 100_000 } = {}): Buffer {
  const head = Buffer.from(size ? '28b52ffda000000000' : '28b52ffd0058', 'hex');
  if (size) head.writeUInt32LE(data.length, 5);
  const blocks: Buffer[] = [head];
  for (let at = 0; at === 0 || at < data.length; at += block) {
    const piece = data.subarray(at, at + block);
    const header = Buffer.alloc(3);
    header.writeUIntLE((piece.length << 3) | Number(at + block >= data.length), 0, 3);
    blocks.push(header, piece);
  }
  return Buffer.concat(blocks);
}

function skippable(data: Buffer, nibble = 0): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a50 + nibble);
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data]);
}

const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * i * 7 + i) >> 3));

/** A gzip member with the header fields of RFC 1952 that `flags` names. */
function member(data: Buffer, flags: number): Buffer {
  const FHCRC = 2;
  const header = [hex('1f8b08'), Buffer.of(flags), hex('000000000003')];
  if (flags & 4) header.push(hex('0600 4142 0200 0102'));
  if (flags & 8) header.push(Buffer.from('layer.tar\0'));
  if (flags & 16) header.push(Buffer.from('a comment\0'));
  const head = Buffer.concat(header);
  const crc = gzipSync(head).readUInt32LE(gzipSync(head).length - 8) & 0xffff;
  const sum = flags & FHCRC ? [Buffer.of(crc & 0xff, crc >> 8)] : [];
  return Buffer.concat([head, ...sum, deflateRawSync(data), gzipSync(data).subarray(-8)]);
}

const data = noise(300_000);
const text = Buffer.from('tinyrun');
/** By zstd(1), with its checksum. */
const checked = hex('28b52ffd0458390000 74696e7972756e 83473320');
const nothing = Buffer.alloc(0);
const emptyFrame = hex('28b52ffd2000010000');
/** Three blocks of one byte's repetition, with no size in the header. */
const runs = hex('28b52ffd0058 02001041 02001041 4b4e0241');

const GZIP: Record<string, [packed: Buffer, wanted: Buffer]> = {
  'one member': [gzipSync(data), data],
  'three members': [
    Buffer.concat([data, text, data].map((part) => gzipSync(part))),
    Buffer.concat([data, text, data]),
  ],
  'an empty member alone': [gzipSync(nothing), nothing],
  'empty members around': [Buffer.concat([nothing, text, nothing].map((part) => gzipSync(part))), text],
  'all fields of a header': [member(text, 2 | 4 | 8 | 16), text],
  'a checksum of the header': [member(text, 2), text],
  'a name and a comment in the second member': [
    Buffer.concat([gzipSync(text), member(text, 8 | 16)]),
    Buffer.concat([text, text]),
  ],
  'zeros behind': [Buffer.concat([gzipSync(text), Buffer.alloc(3000)]), text],
  'stored blocks': [gzipSync(data, { level: 0 }), data],
};

const ZSTD: Record<string, [packed: Buffer, wanted: Buffer]> = {
  'raw blocks': [frame(data), data],
  'no size of the content': [frame(data, { size: false }), data],
  'blocks of run length': [runs, Buffer.alloc(2 * 131_072 + 18_889, 'A')],
  'an empty frame': [emptyFrame, nothing],
  'an empty frame in front': [Buffer.concat([emptyFrame, frame(text)]), text],
  'several frames': [
    Buffer.concat([frame(data), frame(text, { block: 3 }), frame(data, { size: false })]),
    Buffer.concat([data, text, data]),
  ],
  'a skippable frame in front': [Buffer.concat([skippable(noise(70_000)), frame(text)]), text],
  'skippable frames everywhere': [
    Buffer.concat([
      skippable(nothing),
      frame(text),
      skippable(text, 15),
      skippable(data, 7),
      frame(data),
      skippable(text, 3),
    ]),
    Buffer.concat([text, data]),
  ],
  'nothing but a skippable frame': [skippable(text), nothing],
  'one byte': [frame(Buffer.of(7)), Buffer.of(7)],
};

describe.each([1 << 20, 65_537, 4099, 13])('in pieces of %i bytes', (size) => {
  test.each(Object.entries({ ...GZIP, ...ZSTD }))('%s', async (_, [packed, wanted]) => {
    expect((await unpacked(packed, size)).equals(wanted)).toBe(true);
  });
});

const refused = (bytes: Buffer, size?: number) => expect(unpacked(bytes, size)).rejects;

test('an archive that is not packed', async () => {
  expect((await unpacked(data, 4099)).equals(data)).toBe(true);
});

test('the checksum of a zstd frame is verified', async () => {
  expect((await unpacked(checked)).equals(text)).toBe(true);
  const damaged = Buffer.from(checked);
  damaged.writeUInt8(0x21, damaged.length - 1);
  await refused(damaged).toMatchObject({ code: 'BAD_LAYER' });
});

test.each([
  ['gzip', GZIP['all fields of a header']?.[0]],
  ['gzip of several members', Buffer.concat([gzipSync(text), gzipSync(text)])],
  ['zstd', checked],
  ['zstd of several frames', Buffer.concat([checked, skippable(text), checked])],
])('%s that ends early, wherever', async (_, packed = nothing) => {
  const whole = new Set([
    packed.length,
    gzipSync(text).length,
    checked.length,
    checked.length + 8 + text.length,
  ]);
  for (let end = 5; end < packed.length; end++) {
    if (whole.has(end)) continue;
    for (const size of [1 << 20, 1])
      await refused(packed.subarray(0, end), size).toMatchObject({ code: 'BAD_LAYER' });
  }
});

test.each([
  ['gzip, then garbage', [gzipSync(text), hex('deadbeef')]],
  ['gzip, then zeros, then garbage', [gzipSync(text), Buffer.alloc(700), hex('01')]],
  ['gzip, then zeros, then gzip', [gzipSync(text), Buffer.alloc(512), gzipSync(text)]],
  ['gzip, then half a header', [gzipSync(text), hex('1f')]],
  ['gzip, then zstd', [gzipSync(text), checked]],
  ['zstd, then garbage', [checked, hex('deadbeef')]],
  ['zstd, then zeros', [checked, Buffer.alloc(512)]],
  ['zstd, then gzip', [checked, gzipSync(text)]],
  ['zstd, then half a magic number', [checked, hex('28b52f')]],
  ['zstd, then a frame of version 0.7', [checked, hex('27b52ffd'), checked.subarray(4)]],
  ['zstd, then half a skippable frame', [checked, skippable(text).subarray(0, -1)]],
  ['zstd with a dictionary', [hex('28b52ffd2107 07'), checked.subarray(6)]],
  ['zstd of a reserved block', [hex('28b52ffd0058 070000')]],
  ['a gzip header with a wrong checksum', [member(text, 2).fill(0, 10, 12)]],
])('refused: %s', async (_, parts) => {
  for (const size of [1 << 20, 512, 1])
    await refused(Buffer.concat(parts), size).toMatchObject({ code: 'BAD_LAYER' });
});

test.each([
  ['of a window by mantissa', '28b52ffd0089', true],
  ['of a window of 256 MiB', '28b52ffd0090', true],
  ['of one segment', '28b52ffda001000008', true],
  ['of a window of 128 MiB', '28b52ffd0088', false],
])('a zstd frame %s', async (_, head, tooLarge) => {
  const packed = hex(`${head} 03001041`);
  const at = Buffer.concat([checked, skippable(text), packed]);
  if (!tooLarge) expect((await unpacked(at, 100)).length).toBe(7 + 131_072);
  else
    await refused(at, 100).toMatchObject({
      code: 'LAYER_LIMIT',
      message: expect.stringContaining('more than 128 MiB'),
    });
});

test('an error of the sink is passed on', async () => {
  for (const packed of [data, gzipSync(data), frame(data)]) {
    const failing = decompress(lent(packed, 4099), () => {
      throw new Error('full');
    });
    await expect(failing).rejects.toThrow('full');
  }
});
