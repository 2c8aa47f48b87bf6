import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readLine } from '../../../src/cli/line.ts';
import { createProgram } from '../../../src/cli/program.ts';
import { locate, wordsOf } from '../../../src/cli/verb.ts';
import { TABLE } from '../../../src/cli/verbs.ts';
import { define, SILENT } from './support.ts';

const line = (...argv: string[]) => readLine(argv, createProgram(SILENT));

describe('the flags before the verb', () => {
  test.each([
    [
      ['run', '--rm'],
      ['run', '--rm'],
    ],
    [['--debug', 'ps'], ['ps']],
    [['--data-root', 'run', 'ps'], ['ps']],
    [['--data-root=x', 'ps'], ['ps']],
    [
      ['--', 'ps', '-a'],
      ['ps', '-a'],
    ],
    [
      ['run', '-D', 'x', '--data-root', 'y'],
      ['run', '-D', 'x', '--data-root', 'y'],
    ],
    [
      ['help', 'run'],
      ['run', '--help'],
    ],
    [
      ['-D', 'help', 'image', 'ls'],
      ['image', 'ls', '--help'],
    ],
    [['help'], []],
    [[], []],
  ])('%j leaves %j', (argv, words) => {
    expect(line(...argv)).toMatchObject({ words, unread: [] });
  });

  test('are read, the last of one as docker does; those of the verb are not', () => {
    const { roots, debug } = line('-D', '--data-root=a', '--data-root', 'b', 'run', '--run-root', 'c');
    expect({ roots, debug }).toEqual({ roots: { dataRoot: 'b' }, debug: true });
    expect(line('run', '-D').debug).toBe(false);
    expect(line('--debug=false', 'run')).toMatchObject({ debug: false, words: ['run'] });
  });

  test('others are left, with all behind them', () => {
    expect(line('--frob', 'images')).toMatchObject({ unread: ['--frob', 'images'] });
    expect(line('--help', 'run')).toMatchObject({ unread: ['--help', 'run'] });
    expect(() => line('--data-root')).toThrow('argument missing');
  });
});

/** `image ls` and what is left, as `path: rest`; of a group `(image): rest`. */
function found(...words: string[]): string {
  const place = locate(TABLE, words);
  if (!place) return 'nothing';
  const path = place.is === 'verb' ? place.path.join(' ') : `(${place.name})`;
  return [`${path}:`, ...place.rest].join(' ');
}

describe('the verb', () => {
  test.each([
    ['ps -a', 'ps: -a'],
    ['container ls -a', 'container ls: -a'],
    ['container ps', 'container ls:'],
    ['container list', 'container ls:'],
    ['container remove x', 'container rm: x'],
    ['image remove x', 'image rm: x'],
    // the name of a member, behind another: `image rm ls` removes an image that is called ls
    ['image rm ls', 'image rm: ls'],
    ['image -- ls', 'image ls:'],
    ['image help ls', 'image ls: --help'],
    ['image', '(image):'],
    ['image help', '(image): --help'],
    ['image lss', '(image): lss'],
    ['image --frob ls', '(image): --frob ls'],
    ['image image', '(image): image'],
    ['system df -v', 'system df: -v'],
    ['tree x', 'nothing'],
    ['ls', 'nothing'],
    ['', 'nothing'],
  ])('of %s is %s', (words, place) => expect(found(...words.split(' '))).toBe(place));

  test('is words, and no word with a blank in it', () => {
    expect(found('container ls')).toBe('nothing');
    expect(found()).toBe('nothing');
  });
});

/** `docker container --help` and `docker image --help`: names that ours have too are docker's for the same. */
test.each([
  [
    'container',
    'attach commit cp create diff exec export inspect kill list logs ls pause port prune ps remove rename restart rm run start stats stop top unpause update wait why',
  ],
  ['image', 'build history import inspect list load ls prune pull push remove rm save tag tree'],
  ['manifest', 'annotate create inspect push rm'],
  ['system', 'df events gc info prune start-all stop-all'],
])('words behind %s', (group, words) => {
  expect(wordsOf(TABLE, group).sort()).toEqual(words.split(' '));
});

test('a name is of one verb, and every group has some', () => {
  const names = TABLE.verbs.flatMap((verb) => verb.names);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  const groups = names.filter((name) => name.includes(' ')).map((name) => name.split(' ')[0] ?? '');
  expect([...new Set(groups)].sort()).toEqual(Object.keys(TABLE.groups).sort());
  expect(names.filter((name) => name in TABLE.groups)).toEqual([]);
});

test('a file of commands/ is of one verb, its name that of the verb', async () => {
  const commands = new Set(
    (await Promise.all(TABLE.verbs.map((verb) => verb.load()))).map(({ command }) => command),
  );
  expect(commands.size).toBe(TABLE.verbs.length);
  const room = path.resolve(import.meta.dirname, '../../../src/cli/commands');
  const missing = TABLE.verbs
    .map(({ names: [name] }) => `${name.replace(/^__?/, '').replace(' ', '-')}.ts`)
    .filter((file) => !existsSync(path.join(room, file)));
  expect(missing).toEqual([]);
});

describe('a verb that changes something', () => {
  const flagsOf = async (name: string) => (await define(name)).options.map(({ long }) => long);

  test.each(
    TABLE.verbs
      .filter(({ changes }) => changes)
      .map(({ names: [name], changes }) => [name, changes] as const),
  )('%s has --trace, and --explain where it can be known', async (name, changes) => {
    const flags = await flagsOf(name);
    expect(flags).toEqual(expect.arrayContaining(['--trace', '--json']));
    expect(flags.includes('--explain')).toBe(changes === true);
  });

  test('shows them apart', async () => {
    expect((await define('rm')).helpInformation()).toMatch(
      /\nLooking on:\n +--explain .*\n +--trace .*\n +--json /,
    );
  });

  // what only looks is named here: a new verb changes something, or is one of these
  test('is each that is not one of these', () => {
    expect(TABLE.verbs.filter(({ changes }) => !changes).map(({ names: [name] }) => name)).toEqual(
      `top diff logs attach wait ps inspect why,container inspect,images,build,image inspect,history,image tree,manifest inspect,network ls,network inspect,network graph,network why,volume ls,volume inspect,stats,port,events,info,version,system df,doctor,completion,__complete`
        .split(',')
        .flatMap((names) => (names.includes('inspect why') ? names.split(' ') : [names])),
    );
  });

  test('those that a registry has a part in', () => {
    expect(
      TABLE.verbs.filter(({ changes }) => changes === 'elsewhere').map(({ names: [name] }) => name),
    ).toEqual([...['pull', 'push', 'login', 'logout', 'manifest create', 'manifest push']]);
  });
});

// commander would take the next argument for it, the name of an image say: what is on or off has a --no-… of its own
test('no flag has a value that may be left out', async () => {
  const names = TABLE.verbs.flatMap(({ names: [name = ''] }) => name);
  for (const name of names) {
    const { options } = await define(name);
    const lax = options.filter(({ optional, required }) => optional && !required).map(({ flags }) => flags);
    expect({ name, lax }).toEqual({ name, lax: [] });
  }
});
