import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TarEntry } from '../../../src/image/tar/header.ts';
import { TarReader } from '../../../src/image/tar/reader.ts';
import { END, encodeEntry, padding, plain } from '../../../src/image/tar/write.ts';

interface Read extends TarEntry {
  data: Buffer;
}

/** All entries of an archive, pushed in pieces of `size`. */
function read(bytes: Buffer, size = bytes.length): Read[] {
  const entries: Read[] = [];
  const reader = new TarReader({
    entry: (entry) => entries.push({ ...entry, data: Buffer.alloc(0) }),
    data: (piece) => {
      const last = entries.at(-1);
      if (last) last.data = Buffer.concat([last.data, piece]);
    },
    end: () => undefined,
  });
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  reader.finish();
  return entries;
}

function withDirectory<T>(work: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'tinyrun-tar-'));
  try {
    return work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('what GNU tar writes', () => {
  const long = `${'deep/'.repeat(40)}${'name'.repeat(20)}`;

  test.each(['gnu', 'pax', 'posix', 'ustar', 'oldgnu', 'v7'])('--format=%s', (format) => {
    withDirectory((directory) => {
      writeFileSync(join(directory, 'a'), 'hello');
      execFileSync('ln', ['-s', 'a', join(directory, 's')]);
      execFileSync('ln', [join(directory, 'a'), join(directory, 'h')]);
      const bytes = execFileSync('tar', [
        '-c',
        `--format=${format}`,
        '--mtime=@1234567890.5',
        '-C',
        directory,
        'a',
        'h',
        's',
      ]);
      const entries = read(bytes, 100);
      expect(entries.map(({ name, type }) => [name, type])).toEqual([
        ['a', 'file'],
        ['h', 'link'],
        ['s', 'symlink'],
      ]);
      expect(entries[0]?.data.toString()).toBe('hello');
      expect(entries[1]?.linkname).toBe('a');
      const fraction = format === 'pax' || format === 'posix' ? 500_000_000n : 0n;
      expect(entries[0]?.mtimeNs).toBe(1_234_567_890_000_000_000n + fraction);
    });
  });

  test.each(['gnu', 'pax'])('long names by --format=%s', (format) => {
    withDirectory((directory) => {
      execFileSync('mkdir', ['-p', join(directory, 'deep/'.repeat(40))]);
      writeFileSync(join(directory, long), 'x');
      execFileSync('ln', ['-s', long, join(directory, 'link')]);
      const entries = read(execFileSync('tar', ['-c', `--format=${format}`, '-C', directory, long, 'link']));
      expect(entries.map(({ name, linkname }) => name + linkname)).toEqual([long, `link${long}`]);
    });
  });

  test.each([
    ['oldgnu', '0.0'],
    ['gnu', '0.0'],
    ['pax', '0.0'],
    ['pax', '0.1'],
    ['pax', '1.0'],
  ])('sparse files by --format=%s --sparse-version=%s', (format, version) => {
    withDirectory((directory) => {
      const path = join(directory, 'sparse');
      const file = openSync(path, 'w');
      for (let i = 0; i < 40; i++) writeSync(file, String(i).padStart(4, '0'), i * 65536);
      closeSync(file);
      const flags = format === 'pax' ? [`--sparse-version=${version}`] : [];
      const bytes = execFileSync('tar', ['-cS', `--format=${format}`, ...flags, '-C', directory, 'sparse']);
      const [entry] = read(bytes, 1000);
      expect(entry?.name).toBe('sparse');
      const { extents = [], length } = entry?.sparse ?? {};
      expect(length).toBe(39 * 65536 + 4);
      let at = 0;
      for (const extent of extents) {
        for (let i = Math.ceil(extent.offset / 65536); i * 65536 < extent.offset + extent.length; i++) {
          const where = at + (i * 65536 - extent.offset);
          expect(entry?.data.toString('latin1', where, where + 4)).toBe(String(i).padStart(4, '0'));
        }
        at += extent.length;
      }
      expect(at).toBe(entry?.size);
    });
  });
});

describe('what we write', () => {
  const entry = fc.record({
    name: fc
      .stringMatching(/^[a-zA-Z0-9é/ ]{1,300}$/)
      .filter((name) => !name.endsWith('/') && !name.startsWith('/')),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 2 ** 31 }),
    gid: fc.integer({ min: 0, max: 2 ** 31 }),
    mtimeNs: fc.bigInt({ min: -(10n ** 18n), max: 10n ** 19n }),
    data: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
    xattr: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  });

  test('reads back the same, in pieces of any size', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 5 }), fc.integer({ min: 1, max: 3000 }), (list, size) => {
        const parts = list.flatMap(({ data, xattr, ...rest }) => {
          const xattrs = new Map([['user.test', xattr]]);
          return [encodeEntry({ ...plain(data.length), ...rest, xattrs }), data, padding(data.length)];
        });
        const entries = read(Buffer.concat([...parts, END]), size);
        expect(
          entries.map(({ name, mode, uid, gid, mtimeNs, data }) => ({ name, mode, uid, gid, mtimeNs, data })),
        ).toEqual(list.map(({ xattr: _, ...rest }) => rest));
        expect(entries.map(({ xattrs }) => xattrs?.get('user.test'))).toEqual(list.map(({ xattr }) => xattr));
      }),
      { numRuns: 60 },
    );
  });

  test('GNU tar reads it', () => {
    const bytes = Buffer.concat([
      encodeEntry({ ...plain(5), name: `${'long/'.repeat(60)}é`, uid: 3_000_000 }),
      Buffer.from('hello'),
      padding(5),
      END,
    ]);
    expect(execFileSync('tar', ['-xO'], { input: bytes, encoding: 'utf8' })).toBe('hello');
  });
});

describe('an archive that stops', () => {
  const header = encodeEntry({ ...plain(5), name: 'status' });
  const hello = Buffer.from('hello');

  // umoci insert writes such layers, and Docker reads them
  test.each([0, 1, 506])('after a file, with %d bytes of its padding, is whole', (size) => {
    const [entry] = read(Buffer.concat([header, hello, padding(5).subarray(0, size)]), 100);
    expect(entry?.data.toString()).toBe('hello');
  });

  test.each([
    ['in a header', header.subarray(0, 511)],
    ['after a header', header],
    ['in a file', Buffer.concat([header, hello.subarray(1)])],
    ['in the next header', Buffer.concat([header, hello, padding(5), Buffer.alloc(3, 0x78)])],
    ['after a long name', encodeEntry({ ...plain(5), name: 'n'.repeat(300) }).subarray(0, 1000)],
  ])('%s is truncated', (_, bytes) => expect(() => read(bytes)).toThrow(/tar archive: truncated/));
});

test('damage is an error of ours, never a crash', () => {
  const whole = Buffer.concat([
    encodeEntry({ ...plain(600), name: 'é'.repeat(80) }),
    Buffer.alloc(600, 1),
    padding(600),
    END,
  ]);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: whole.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      (at, flip) => {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        try {
          read(bytes, 512);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/BAD_LAYER|LAYER_LIMIT/) });
        }
      },
    ),
    { numRuns: 500 },
  );
});
