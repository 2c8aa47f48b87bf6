import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { complete } from '../../../src/cli/commands/complete.ts';
import { printed } from '../../../src/cli/completion/answer.ts';
import { TABLE } from '../../../src/cli/verbs.ts';
import { containersDir } from '../../../src/engine/layout.ts';
import { writeFileAtomic } from '../../../src/store/atomic.ts';
import { ensureDir } from '../../../src/store/paths.ts';

const home = mkdtempSync(path.join(tmpdir(), 'tinyrun-complete-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const roots = { dataRoot: path.join(home, 'data'), runRoot: path.join(home, 'run') };

for (const [digit, name, status] of ['a web', 'b worker', 'c db', '9 fresh created'].map((text) =>
  text.split(' '),
)) {
  const id = (digit ?? '').repeat(64);
  const exit = { code: 0, finished: '2026-01-01T00:00:00Z' };
  const record = {
    version: 2,
    id,
    name,
    created: '2026-01-01T00:00:00Z',
    config: { image: 'busybox' },
    ...(status === 'created' ? { wanted: 'stopped' } : { exit }),
  };
  ensureDir(path.join(containersDir(roots), id));
  writeFileAtomic(path.join(containersDir(roots), id, 'container.json'), JSON.stringify(record));
}

const CONTEXT = {
  ...roots,
  command: 'tinyrun __complete',
  debug: false,
  exitCode: 0,
  out: () => {},
  err: () => {},
  draw: () => {},
};

/** A command line whose last word is being typed; answers the words and what comes after them. */
async function answer(line: string): Promise<string> {
  const globals = ['--data-root', roots.dataRoot, '--run-root', roots.runRoot];
  const { candidates, next } = await complete([...globals, ...line.split(' ')], TABLE, CONTEXT);
  return [...candidates.map(({ word }) => word), `:${next}`].join(' ');
}

test.each([
  ['verbs', 'ru', 'run :done'],
  ['no hidden verbs', '__', ':done'],
  ['global flags', '--deb', '--debug :done'],
  ['verbs behind a global flag', '-D hist', 'history :done'],
  ['values of a global flag', '--data-root ', ':directories'],
  ['flags', 'run --mem', '--memory --memory-swap --memory-reservation :done'],
  ['no hidden flags', 'run --ne', '--network --network-alias :done'],
  ['values of a flag', 'run --pull ', 'missing never always :done'],
  ['values in the word of their flag', 'run --pull=n', '--pull=never :done'],
  ['values of a short flag', 'run -it --pid h', 'host :done'],
  ['values of a short flag behind others', 'run -itv ', ':files'],
  ['signals', 'kill -s SIGTE', 'SIGTERM :done'],
  ['keys that go on', 'run --ulimit nof', 'nofile= :open'],
  ['subcommands', 'image pu', 'pull push :done'],
  ['subcommands behind help', 'help image pu', 'pull push :done'],
  ['groups', 'cont', 'container :done'],
  ['members under the name that is listed', 'container l', 'logs ls :done'],
  ['flags of a group', 'container --', '--help :done'],
  ['nothing behind a word that is no member', 'container lss ', ':done'],
  ['flags of subcommands', 'image ls --no', '--no-trunc :done'],
  ['flags of other names of members', 'container list --no', '--no-trunc :done'],
  ['values of flags of members', 'container ls --filter before=d', 'before=db :done'],
  ['containers of members', 'container rm w', 'web worker :done'],
  ['containers only, of container inspect', 'container inspect ', 'fresh web worker db :done'],
  ['nothing of ours behind IMAGE in a group', 'container run busybox --mem', ':files'],
  ['filters', 'ps --filter status=p', 'status=paused :done'],
  ['containers in filters', 'ps --filter before=d', 'before=db :done'],
  ['containers by name', 'rm w', 'web worker :done'],
  ['containers that are not there yet', 'rm web w', 'worker :done'],
  ['containers by id', 'rm bbb', 'bbbbbbbbbbbb :done'],
  ['only running ones where only those will do', 'kill w', ':done'],
  ['only those that do not run where only those will do', 'start f', 'fresh :done'],
  ['only paused ones where only those will do', 'unpause ', ':done'],
  ['nothing for a new name', 'rename web ', ':done'],
  ['flags that were called otherwise are not offered', 'stop --ti', '--timeout :done'],
  ['nothing of ours behind IMAGE', 'run busybox --mem', ':files'],
  ['nothing of ours behind IMAGE of create', 'create busybox --mem', ':files'],
  ['nothing of ours behind IMAGE and its own', 'run --rm busybox ls ', ':files'],
  ['no flags behind --', 'rm -- --', ':done'],
  ['no argument where there is no place for one', 'history busybox ', ':done'],
  ['shells', 'completion z', 'zsh :done'],
  ['verbs to be helped with', 'help histo', 'history :done'],
  ['nothing of a verb that is not there', 'nosuch ', ':done'],
  ["nothing of JavaScript's own", 'constructor ', ':done'],
  ['nothing of a flag that is not there', 'run --constructor=', ':done'],
])('%s: %s', async (_, line, words) => {
  expect(await answer(line)).toBe(words);
});

test('a store that cannot be read offers nothing, and nothing is made', async () => {
  const missing = path.join(home, 'missing');
  const { candidates } = await complete(['--data-root', missing, 'rm', ''], TABLE, CONTEXT);
  expect(candidates).toEqual([]);
  expect(existsSync(missing)).toBe(false);
});

test('a line a candidate, its meaning behind a tab, one line of what comes next', () => {
  const candidates = [{ word: '--rm', about: 'remove\nit' }, { word: 'x' }];
  expect(printed({ candidates, next: 'done' })).toBe('--rm\tremove it\nx\n:done\n');
});
