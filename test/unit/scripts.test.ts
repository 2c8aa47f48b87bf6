import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** What people and npm call by name. Others are modules, or called by scripts alone, with words and no flags. */
const SCRIPTS = readdirSync(path.join(ROOT, 'scripts'), { withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ name }) => name)
  .filter((name) =>
    /refuse_|readArguments\(|mutants\.mjs/.test(readFileSync(path.join(ROOT, 'scripts', name), 'utf8')),
  );

const call = (name: string, ...words: string[]) =>
  spawnSync(
    name.endsWith('.mjs') ? process.execPath : 'sh',
    [...(name.endsWith('.mjs') ? [] : ['-c', 'exec "$0" "$@"']), path.join('scripts', name), ...words],
    { cwd: ROOT, encoding: 'utf8', timeout: 120_000 },
  );

test('what reads flags is all that is called by name', () => {
  const others =
    'build-init.sh check.mjs host-cgroups.mjs node-of notices.txt patience.mjs prepack train.mjs vitest-counts.mjs vm';
  const all = readdirSync(path.join(ROOT, 'scripts'), { withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  expect(
    all
      .map(({ name }) => name)
      .filter((name) => !SCRIPTS.includes(name))
      .sort(),
  ).toEqual(others.split(' '));
});

test.each(SCRIPTS)(
  '%s: --help is its usage, and a flag that it does not know ends it at once with 2',
  (name) => {
    const help = call(name, '--help');
    expect([help.status, help.stderr]).toEqual([0, '']);
    expect(help.stdout.length).toBeGreaterThan(60);
    const { status, stdout, stderr } = call(name, '--no-such-flag');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('--no-such-flag');
  },
);
