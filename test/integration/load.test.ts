// What a bundle computes when it is loaded is computed when its start-up snapshot is made: by another user maybe, in
// another directory. So it may ask nothing of the process and the host there.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const dist = join(import.meta.dirname, '../../dist');
const home = mkdtempSync(join(tmpdir(), 'tinyrun-load-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** What a bundle asks while it and all its verbs are loaded, each with from where. */
function asks(bundle: string): string[] {
  const watcher = join(import.meta.dirname, 'watched-load.cjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [watcher, bundle], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

test.each(['main', 'run', 'tinyrunc'])(
  '%s and all its verbs are loaded without a look at the host',
  (name) => {
    expect(asks(join(dist, `${name}.cjs`))).toEqual([]);
  },
);

const LOOKS: readonly (readonly [string, string])[] = [
  ['env.HOME', 'process.env.HOME'],
  ['env.A', "'A' in process.env"],
  ['env', '({ ...process.env })'],
  ['process.argv', "process.argv.includes('-D')"],
  ['process.cwd', 'process.cwd()'],
  ['process.getuid', 'process.getuid() === 0'],
  ['process.stdout', 'process.stdout.isTTY'],
  ['process.dlopen', "process.dlopen({ exports: {} }, '/none.node')"],
  ['fs.readFileSync', "require('node:fs').readFileSync('/proc/sys/kernel/random/boot_id')"],
  ['fs.existsSync', "require('fs').existsSync('/sys/fs/cgroup/cgroup.controllers')"],
  ['os.homedir', "require('node:os').homedir()"],
  ['child_process.spawnSync', "require('node:child_process').spawnSync('true')"],
  ['Date.now', 'Date.now()'],
  ['new Date', 'new Date()'],
  ['Math.random', 'Math.random()'],
];

test('a look is seen, of the bundle and of a verb', () => {
  const file = join(home, 'bundle.cjs');
  const all = LOOKS.map(([, look]) => `try { ${look}; } catch {}`).join(' ');
  const names = () => [...new Set(asks(file).map((asked) => asked.split(' at ')[0]))];
  for (const source of [`${all} exports.ready = async () => {}`, `exports.ready = async () => { ${all} }`]) {
    writeFileSync(file, source);
    expect(names()).toEqual(expect.arrayContaining(LOOKS.map(([name]) => name)));
  }
});
