import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exportTree } from '../../src/image/export.ts';
import { AT_FDCWD, native } from '../../src/native/index.ts';
import { archive, describeTree, type Entry, unpackBytes } from '../integration/image/archives.ts';

// Table B: layer escapes, tar semantics. The canary lies beside the layer; no archive may change it.
//
// Each defence was taken out by itself; these tests then fail:
//   RESOLVE_IN_ROOT (directories.ts)           nine of those that lead through a link
//   `..` above the root (names.ts)             names with `..`
//   O_EXCL, O_NOFOLLOW (file.ts)               a file over a link, a link that was there before
//   whiteouts of `.` and `..` (names.ts)       the three refused whiteouts
//   overlay's marks (attributes.ts)            marks that a layer brings along

let directory: string;
let canary: string;
let before: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tinyrun-layer-'));
  canary = join(directory, 'canary');
  mkdirSync(join(canary, 'etc'), { recursive: true });
  writeFileSync(join(canary, 'etc/passwd'), 'root:x:0:0\n');
  before = describeTree(canary);
});
afterEach(() => {
  const after = describeTree(canary);
  rmSync(directory, { recursive: true });
  expect(after).toEqual(before);
});

const layer = async (entries: readonly Entry[]) => unpackBytes(directory, await archive(entries));
const tree = () => describeTree(join(directory, 'tree'));
const link = (name: string, linkname: string): Entry => ({ name, linkname, type: 'symlink' });
const hard = (name: string, linkname: string): Entry => ({ name, linkname, type: 'link' });
const file = (name: string, body = 'x'): Entry => ({ name, body });
const dir = (name: string): Entry => ({ name, type: 'directory' });

/** Where a link would lead if it were followed on the host. */
const out = () => join(canary, 'etc');

describe('layer escapes', () => {
  const refused: [string, () => Entry[]][] = [
    ['a name with ..', () => [file('../canary/etc/passwd')]],
    ['a name with .. inside', () => [file('a/../../canary/etc/passwd')]],
    ['a hard link through ..', () => [hard('x', '../canary/etc/passwd')]],
    ['a hard link to an absolute name', () => [hard('x', join(out(), 'passwd'))]],
    ['a hard link through a symbolic link', () => [link('l', out()), hard('x', 'l/passwd')]],
    ['a whiteout of the parent', () => [dir('a'), file('a/.wh...', '')]],
    ['a whiteout of the directory itself', () => [dir('a'), file('a/.wh..', '')]],
    ['a whiteout without a name', () => [dir('a'), file('a/.wh.', '')]],
    ['the root as a file', () => [file('.')]],
    ['the root as a symbolic link', () => [link('./', out())]],
    ['entries below a file', () => [file('a'), file('a/b')]],
  ];
  test.each(refused)('%s is refused', async (_, entries) => {
    await expect(layer(entries())).rejects.toMatchObject({ code: 'BAD_LAYER' });
  });

  const contained: [string, () => Entry[]][] = [
    ['a file through an absolute link', () => [link('l', out()), file('l/passwd', 'owned')]],
    ['a file through a relative link', () => [link('l', '../canary/etc'), file('l/passwd', 'owned')]],
    ['a file through a link to the parent', () => [link('l', '..'), file('l/canary/etc/passwd', 'owned')]],
    [
      'a file through links in a chain',
      () => [link('a', '../canary'), link('b', 'a/etc'), file('b/passwd', 'owned')],
    ],
    [
      'a directory replaced by a link',
      () => [dir('d'), file('d/f'), link('d', out()), file('d/passwd', 'owned')],
    ],
    ['a file over a link of its name', () => [link('f', join(out(), 'passwd')), file('f', 'owned')]],
    ['a directory over a link of its name', () => [link('d', out()), dir('d'), file('d/passwd', 'owned')]],
    ['a whiteout through a link', () => [link('l', out()), file('l/.wh.passwd', '')]],
    ['an opaque mark through a link', () => [link('l', canary), file('l/.wh..wh..opq', '')]],
    ['metadata through a link', () => [link('l', out()), { ...dir('l/'), mode: 0o777, uid: 4242 }]],
    ['an absolute name', () => [file('/etc/passwd', 'owned')]],
    [
      'a device through a link',
      () => [link('l', out()), { name: 'l/null', type: 'character-device', devmajor: 1, devminor: 3 }],
    ],
    [
      'a hard link over a link to outside',
      () => [file('f', 'owned'), link('l', join(out(), 'passwd')), hard('l', 'f')],
    ],
  ];
  test.each(contained)('%s stays inside', async (_, entries) => {
    await layer(entries());
  });

  test('what exists beside the tree is not reached by a link that was there before', async () => {
    mkdirSync(join(directory, 'tree'));
    symlinkSync(out(), join(directory, 'tree/old'));
    await layer([file('old/passwd', 'owned'), file('old', 'new')]);
    expect(tree()).toContain('- 644 0:0 old "new"');
  });

  test('overlay’s own marks cannot be planted', async () => {
    const pax = { 'SCHILY.xattr.trusted.overlay.redirect': '/etc', 'SCHILY.xattr.user.overlay.opaque': 'y' };
    await layer([{ ...dir('d'), pax }]);
    const marks = execFileSync('getfattr', ['-m', '-', '-d', join(directory, 'tree/d')], {
      encoding: 'utf8',
    });
    expect(marks).toBe('');
  });
});

describe('what is legal still unpacks', () => {
  test('numbers up to the end of their field are read as ever, or refused as ever', async () => {
    const bytes = await archive([file('a'), file('b')]);
    const withTime = (digits: string) => {
      const odd = Buffer.from(bytes);
      odd.write(digits, 1024 + 136, 'latin1');
      odd.fill(' ', 1024 + 148, 1024 + 156);
      const sum = odd.subarray(1024, 1536).reduce((all, byte) => all + byte, 0);
      odd.write(`${sum.toString(8).padStart(6, '0')}\0 `, 1024 + 148, 'latin1');
      return odd;
    };
    // each into a tree of its own: what is there already is the reader's in any case
    const unpackOdd = (digits: string) => {
      const below = join(directory, digits);
      mkdirSync(below);
      return unpackBytes(below, withTime(digits));
    };
    await unpackOdd('000000000017');
    await expect(unpackOdd('777777777777')).rejects.toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
    });
  });

  test('runs of plain files, broken by every kind of entry that is not', async () => {
    const many = (at: string, from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => ({
        ...file(`${at}${from + i}`, `${at}${'y'.repeat((from + i) * 13)}`),
        mode: (from + i) % 3 === 0 ? 0o4755 : 0o644,
        uid: (from + i) % 5,
        mtime: new Date(1e12 + i * 1000),
      }));
    const entries: Entry[] = [
      ...many('', 0, 40),
      { ...dir('d/'), mode: 0o2775, gid: 7 },
      ...many('d/', 0, 60),
      file('d/3', 'the second of its name'),
      ...many('d/', 2, 5),
      hard('d/linked', 'd/59'),
      link('e', 'd'),
      ...many('e/', 50, 70),
      ...many('implied/by/', 0, 3),
      file(`d/${'n'.repeat(150)}`, 'a long name'),
      ...many('d/', 100, 120),
      file('d/.wh.7', ''),
      ...many('./d/', 119, 130),
      file('d/ü', 'not ASCII'),
    ];
    const { entries: written } = await unpackBytes(directory, await archive(entries));
    expect(written).toBe(entries.length + 2);
    expect(tree()).toContain(`- 4755 3:0 d/3 "d/${'y'.repeat(39)}"`);
    expect(tree().filter((line) => line.includes(' d/linked '))).toHaveLength(1);
  });

  test('absolute links, hard links, devices, setuid, replaced entries', async () => {
    await layer([
      dir('bin'),
      { ...file('bin/su', 'su'), mode: 0o4755 },
      hard('bin/sudo', 'bin/su'),
      link('sbin', '/bin'),
      file('sbin/init', 'init'),
      link('dangling', '/nowhere/yet'),
      file('dangling/deep', 'd'),
      { name: 'null', type: 'character-device', devmajor: 1, devminor: 3, mode: 0o666 },
      { name: 'pipe', type: 'fifo', mode: 0o600 },
      file('twice', 'one'),
      { ...file('twice', 'two'), uid: 7, gid: 8 },
    ]);
    expect(tree()).toEqual([
      'd 755 0:0 bin',
      '- 644 0:0 bin/init "init"',
      '- 4755 0:0 bin/su "su"',
      '- 4755 0:0 bin/sudo "su"',
      'l 777 0:0 dangling -> /nowhere/yet',
      'd 755 0:0 nowhere',
      'd 755 0:0 nowhere/yet',
      '- 644 0:0 nowhere/yet/deep "d"',
      'c(1,3) 666 0:0 null',
      'p 600 0:0 pipe',
      'l 777 0:0 sbin -> /bin',
      '- 644 7:8 twice "two"',
    ]);
  });

  test('a hard link between directories when more are open than are kept', async () => {
    const many = Array.from({ length: 128 }, (_, i) => file(`d${i}/f`));
    await layer([file('first/f'), ...many, hard('d0/link', 'first/f'), hard('new/link', 'd1/f')]);
    expect(tree()).toEqual(expect.arrayContaining(['- 644 0:0 d0/link "x"', '- 644 0:0 new/link "x"']));
  });

  test('names that are not UTF-8, also in links and whiteouts', async () => {
    const source = join(directory, 'source');
    const script = `mkdir -p $'d\\xe9' && cd $'d\\xe9' && echo x >$'f\\xe9' && ln $'f\\xe9' hard && ln -s $'f\\xe9' soft && : >$'.wh.g\\xe9'`;
    mkdirSync(source);
    execFileSync('bash', ['-c', script], { cwd: source });
    await unpackBytes(directory, execFileSync('tar', ['-c', '-C', source, '.']));
    const find = (root: string) =>
      execFileSync('find', ['.', '-printf', '%y %P>%l\\n'], {
        cwd: join(directory, root),
        encoding: 'latin1',
      })
        .trim()
        .split('\n')
        .sort();
    const whole = ['d >', 'd d\xe9>', 'f d\xe9/f\xe9>', 'f d\xe9/hard>', 'l d\xe9/soft>f\xe9'];
    expect(find('tree')).toEqual(['c d\xe9/g\xe9>', ...whole]);

    const chunks: Buffer[] = [];
    for (const name of ['empty', 'back']) mkdirSync(join(directory, name));
    const layers = ['tree', 'empty'].map((name) => join(directory, name));
    for await (const chunk of exportTree(layers)) chunks.push(chunk);
    execFileSync('tar', ['-x', '-C', join(directory, 'back')], { input: Buffer.concat(chunks) });
    expect(find('back')).toEqual(whole);
  });

  test('whiteouts and opaque directories, whatever their order', async () => {
    await layer([
      file('a/.wh.gone', ''),
      file('b/.wh..wh..opq', ''),
      file('b/new'),
      file('c/new'),
      file('c/.wh..wh..opq', ''),
      file('.wh.d', ''),
      file('d/again'),
      file('e/again'),
      file('.wh.e', ''),
      file('.wh..wh.plnk', ''),
    ]);
    expect(tree().filter((line) => line.startsWith('c('))).toEqual(['c(0,0) 0 0:0 a/gone']);
    const opaque = (name: string) =>
      native().getxattr(AT_FDCWD, join(directory, 'tree', name), 'trusted.overlay.opaque');
    for (const name of ['b', 'c', 'd', 'e']) expect(opaque(name)).toEqual(Buffer.from('y'));
    expect(existsSync(join(directory, 'tree/.wh..wh.plnk'))).toBe(false);
  });
});

test('damage: truncated, wrong checksum, not an archive', async () => {
  const whole = await archive([file('a', 'x'.repeat(2000))]);
  for (const bytes of [
    whole.subarray(0, 700),
    gzipSync(whole).subarray(0, 60),
    Buffer.alloc(1024, 'garbage'),
  ])
    await expect(unpackBytes(directory, bytes)).rejects.toMatchObject({ code: 'BAD_LAYER' });
  const flipped = Buffer.from(whole);
  flipped[0] = 0x62;
  await expect(unpackBytes(directory, flipped)).rejects.toThrow('checksum');
  expect(readFileSync(join(canary, 'etc/passwd'), 'utf8')).toBe('root:x:0:0\n');
});
