import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { archive, type Entry, unpackBytes } from '../integration/image/archives.ts';

// Plain files are made by threads while the entries behind them are read. unpackBytes compares what comes of it, a refusal
// included, with what one entry after the other makes.
//
// Each defence was taken out by itself; these tests then fail:
//   the wait for what is on an entry's path (settle, layer_files.cc)   a hard link to one, some in any order
//   the wait before a path through a link is gone (directories.ts)     a hard link to one behind a link
//   the wait before a directory is changed (skeleton.ts)               their directory again, a file over it
//   the wait before the root is changed (writer.ts)                    the root after its files
//   the second attempt (unpack.ts)                                     some in any order

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tinyrun-order-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const link = (name: string, linkname: string): Entry => ({ name, linkname, type: 'symlink' });
const hard = (name: string, linkname: string): Entry => ({ name, linkname, type: 'link' });
const dir = (name: string, mode = 0o755, gid = 0): Entry => ({ name, type: 'directory', mode, gid });
const file = (name: string, body = name): Entry => ({ name, body });
/** Enough to keep the threads busy while the entry behind them is read. */
const many = (prefix: string): Entry[] =>
  Array.from({ length: 300 }, (_, i) => file(`${prefix}${i}`, String(i % 10).repeat(1500)));
const last = (prefix: string) => `${prefix}299`;

describe('an entry behind files that are still being made', () => {
  const cases: [string, Entry[]][] = [
    ['the last of them again', [dir('d'), ...many('d/'), file(last('d/'), 'again'), file('d/first', 'f')]],
    [
      'a file over one that is there already',
      [dir('d'), file('d/x', 'one'), dir('e'), ...many('e/'), file('e/3')],
    ],
    ['a directory in the place of one', [dir('d'), ...many('d/'), dir(last('d/')), file(`${last('d/')}/x`)]],
    ['one below a file', [dir('d'), ...many('d/'), file(`${last('d/')}/x`)]],
    ['a hard link to one', [dir('d'), ...many('d/'), hard('h', last('d/'))]],
    ['a hard link over one', [file('a', 'a'), dir('d'), ...many('d/'), hard(last('d/'), 'a')]],
    ['a link over one', [dir('d'), ...many('d/'), link(last('d/'), 'nowhere')]],
    ['a whiteout of one', [dir('d'), ...many('d/'), file(`d/.wh.${last('')}`, '')]],
    [
      'a file behind a link',
      [dir('d'), link('l', 'd'), file('l/x'), dir('d'), ...many('d/'), file(`l/${last('')}`, 'again')],
    ],
    ['their directory through a link', [dir('d'), link('l', 'd'), ...many('d/'), dir('l'), ...many('l/')]],
    ['a file over their directory', [dir('d'), ...many('d/'), file('d', 'no directory'), file('e')]],
    ['a hard link to one behind a link', [dir('d'), link('l', 'd'), ...many('d/'), hard('h', last('l/'))]],
    // what is made in it from then on is of its group
    ['their directory again', [dir('d'), ...many('d/'), dir('d', 0o2711, 7), ...many('d/e')]],
    ['the root after its files', [file('a'), ...many(''), dir('./', 0o2755, 7), ...many('x')]],
  ];
  test.each(cases)('%s', async (_, entries) => {
    await unpackBytes(directory, await archive(entries)).catch((error) => {
      expect(error).toMatchObject({ code: 'BAD_LAYER' });
    });
  });
});

/** Numbers of a seed (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Entries that get in each other's way: few names, and each kind of entry under all of them. */
function scramble(seed: number): Entry[] {
  const below = numbers(seed);
  const name = () => Array.from({ length: 1 + below(3) }, () => 'abc'[below(3)]).join('/');
  const one = (): Entry => {
    const kind = below(20);
    if (kind < 11) return file(name(), String(below(10)).repeat(below(9000)));
    if (kind < 15) return dir(name(), [0o755, 0o2755, 0o700][below(3)]);
    if (kind < 17) return link(name(), below(2) ? name() : `/${name()}`);
    if (kind < 18) return hard(name(), name());
    return file(`${name()}/.wh.${below(3) ? 'abc'[below(3)] : '.wh..opq'}`, '');
  };
  return [dir('a'), dir('b'), ...Array.from({ length: 30 }, one)];
}

// A hard link to nothing and a file above another end an archive: most are cut there.
test.each(Array.from({ length: 60 }, (_, seed) => seed))('any order, %i', async (seed) => {
  const entries = scramble(seed);
  for (let count = entries.length; count > 0; ) {
    const failed = await unpackBytes(directory, await archive(entries.slice(0, count))).then(
      () => false,
      (error: Error) => {
        // the two ways do not agree
        if (error.name === 'AssertionError') throw error;
        return true;
      },
    );
    rmSync(join(directory, 'tree'), { recursive: true });
    if (!failed) return;
    count = count >> 1;
  }
});
