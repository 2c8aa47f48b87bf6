import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';

const PAGE = readFileSync(path.resolve('docs/tinyrunc.md'), 'utf8');
const dir = mkdtempSync(path.join(tmpdir(), 'tinyrun-by-hand-'));
const env = { ...process.env, PATH: `${path.resolve('bin')}:${process.env.PATH}`, XDG_RUNTIME_DIR: dir };
// a run root of the test's own; the page uses the default one
const tinyrunc = `tinyrunc() { command tinyrunc --root '${dir}/run' "$@"; }\n`;

/** Runs lines as a person types them, on a terminal of their own; each must succeed. */
function type(lines: string, cwd: string) {
  const script = `set -e\n${tinyrunc}${lines}`;
  const command = ['-qec', `bash -c '${script.replaceAll("'", "'\\''")}'`, '/dev/null'];
  return spawnSync('script', command, { cwd, env, encoding: 'utf8', input: 'exit\n', timeout: 120_000 });
}

afterAll(() => {
  spawnSync('bin/tinyrunc', ['--root', `${dir}/run`, 'delete', '--force', 'demo']);
  rmSync(dir, { recursive: true, force: true });
});

test('what docs/tinyrunc.md says to type by hand works as printed', () => {
  const section = PAGE.slice(PAGE.indexOf('## By hand'), PAGE.indexOf('`tinyrunc help`'));
  const [first = '', second = ''] = [...section.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(
    ([, block]) => block,
  );
  const shell = type(first, dir);
  expect(shell.status, shell.stdout).toBe(0);
  expect(shell.stdout).toContain('# ');
  const steps = type(second, path.join(dir, 'bundle'));
  expect(steps.status, steps.stdout).toBe(0);
  expect(steps.stdout).toMatch(/sleep 1000/);
});
