// Names that are not UTF-8: bytes that come from an archive or the kernel go back as they were.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TarEntry } from '../../../src/image/tar/header.ts';
import { decodeName, encodeName } from '../../../src/image/tar/names.ts';
import { TarReader } from '../../../src/image/tar/reader.ts';
import { END, encodeEntry, plain } from '../../../src/image/tar/write.ts';
import { native } from '../../../src/native/index.ts';

const CAFE = Buffer.from('caf\xe9', 'latin1');
/** Half of them UTF-8, half of them bytes at random, as a name may be: no slash, no NUL. */
const names = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).map((text) => Buffer.from(text)),
    fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom(
        'c3',
        'c3a9c3',
        'eda080',
        'f0808080',
        'c080',
        'f4908080',
        'efbfbd',
        'efbfbdff',
        'f09f9880',
      )
      .map((hex) => Buffer.from(hex, 'hex')),
  )
  .filter((bytes) => !bytes.includes(0) && !bytes.includes(0x2f) && !['.', '..'].includes(bytes.toString()));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tinyrun-names-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const bytesBelow = () => readdirSync(directory, { encoding: 'buffer' });

function entriesOf(archive: Buffer): TarEntry[] {
  const entries: TarEntry[] = [];
  const reader = new TarReader({
    entry: (entry) => entries.push(entry),
    data: () => undefined,
    end: () => undefined,
  });
  reader.push(archive);
  reader.finish();
  return entries;
}

test('bytes to a name and back', () => {
  fc.assert(
    fc.property(names, (bytes) => {
      expect(encodeName(decodeName(bytes))).toEqual(bytes);
    }),
  );
});

test('what is UTF-8 is the string that it says', () => {
  expect(decodeName(Buffer.from('é\ufffd😀'))).toBe('é\ufffd😀');
  expect(decodeName(CAFE)).toBe('caf\udce9');
});

test('the addon and the archive have the same names for the same bytes', () => {
  const fd = openSync(directory, constants.O_DIRECTORY);
  try {
    fc.assert(
      fc.property(names, (bytes) => {
        const name = decodeName(bytes);
        native().mkdirat(fd, name, 0o755);
        native().symlinkat(name, fd, 'link');
        expect(bytesBelow()).toContainEqual(bytes);
        expect(
          native()
            .readdir(fd)
            .map((entry) => entry.name),
        ).toContain(name);
        expect(native().readlinkat(fd, 'link')).toBe(name);
        native().unlinkat(fd, 'link');
        native().removeTree(fd, name);
      }),
    );
  } finally {
    closeSync(fd);
  }
});

describe('in an archive', () => {
  const long = Buffer.concat([Buffer.alloc(120, 'x'), CAFE]);

  test.each(['ustar', 'gnu', 'pax', 'v7'])('that GNU tar wrote by --format=%s', (format) => {
    const wanted = format === 'gnu' || format === 'pax' ? [CAFE, long] : [CAFE];
    for (const name of wanted) writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), name]), '');
    const archive = execFileSync('tar', ['-c', `--format=${format}`, '--sort=name', '-C', directory, '.']);
    const found = entriesOf(archive).map(({ name }) => encodeName(name));
    expect(found.slice(1)).toEqual(wanted.map((name) => Buffer.concat([Buffer.from('./'), name])));
  });

  test('that we write, for us and for GNU tar', () => {
    const name = decodeName(CAFE);
    const link: TarEntry = { ...plain(0), type: 'symlink', name: 'link', linkname: name };
    const archive = Buffer.concat([encodeEntry({ ...plain(0), name }), encodeEntry(link), END]);
    expect(entriesOf(archive)).toMatchObject([{ name }, { name: 'link', linkname: name }]);
    execFileSync('tar', ['-x', '--warning=no-unknown-keyword', '-C', directory], { input: archive });
    expect(bytesBelow()).toEqual([CAFE, Buffer.from('link')]);
  });
});
