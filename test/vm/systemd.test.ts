// The systemd cgroup driver against a real systemd: scripts/test-vm systemd.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Result } from '../support/programs.ts';
import { CGROUPS, makeBundle, STATES, tinyrunc, tinyruncQuiet } from './support.ts';

const UNIT = 'test-one.scope';
const CGROUP = `${CGROUPS}/system.slice/${UNIT}`;

/** Properties of the container's unit. */
function unit(...names: readonly string[]): Record<string, string> {
  const { stdout } = spawnSync('systemctl', ['show', UNIT, '-p', names.join(',')], { encoding: 'utf8' });
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split('=') as [string, string]),
  );
}

function bundle(script: string, cgroupsPath: string): string {
  const limits = {
    memory: { limit: 64 << 20 },
    pids: { limit: 30 },
    cpu: { quota: 50_000, period: 100_000, shares: 512 },
  };
  return makeBundle('systemd', script, limits, ({ linux }) => {
    linux.cgroupsPath = cgroupsPath;
  });
}

test('the container is a scope of systemd’s, with its limits as properties', () => {
  const dir = bundle('sleep 1000', 'system.slice:test:one');
  assert.equal(tinyruncQuiet('--systemd-cgroup', 'create', '-b', dir, 'one'), 0);
  assert.deepEqual(unit('MemoryMax', 'TasksMax', 'CPUQuotaPerSecUSec', 'CPUWeight', 'Slice', 'Delegate'), {
    MemoryMax: String(64 << 20),
    TasksMax: '30',
    CPUQuotaPerSecUSec: '500ms',
    CPUWeight: '59',
    Slice: 'system.slice',
    Delegate: 'yes',
  });
  const { pid } = JSON.parse(tinyrunc('state', 'one').stdout);
  assert.equal(readFileSync(`${CGROUP}/cgroup.procs`, 'utf8').trim(), String(pid));
  assert.equal(readFileSync(`${CGROUP}/cpu.max`, 'utf8').trim(), '50000 100000');
});

test('it starts, sees its cgroup as the root, is updated, paused and resumed', () => {
  assert.equal(tinyrunc('--systemd-cgroup', 'start', 'one').code, 0);
  assert.equal(tinyrunc('exec', 'one', 'cat', '/proc/self/cgroup').stdout, '0::/\n');
  assert.equal(tinyrunc('--systemd-cgroup', 'update', '--memory', '128m', 'one').code, 0);
  assert.equal(unit('MemoryMax').MemoryMax, String(128 << 20));
  assert.equal(readFileSync(`${CGROUP}/memory.max`, 'utf8').trim(), String(128 << 20));
  // The processor is not there: what systemd was told before that is taken back, too.
  const refused = tinyrunc('update', '--memory', '96m', '--cpuset-cpus', '99', 'one');
  assert.match(refused.stderr, /cpuset\.cpus/);
  assert.equal(refused.code, 1);
  assert.deepEqual(unit('MemoryMax', 'AllowedCPUs'), { MemoryMax: String(128 << 20), AllowedCPUs: '' });
  assert.equal(readFileSync(`${CGROUP}/memory.max`, 'utf8').trim(), String(128 << 20));
  assert.equal(tinyrunc('pause', 'one').code, 0);
  assert.equal(JSON.parse(tinyrunc('state', 'one').stdout).status, 'paused');
  assert.equal(tinyrunc('resume', 'one').code, 0);
  const { data } = JSON.parse(tinyrunc('events', '--stats', 'one').stdout);
  assert.equal(data.memory.usage.limit, 128 << 20);
  assert.equal(data.pids.limit, 30);
});

test('delete --force ends the scope too', () => {
  assert.equal(tinyrunc('delete', '--force', 'one').code, 0);
  assert.equal(existsSync(CGROUP), false);
  assert.equal(unit('LoadState').LoadState, 'not-found');
});

test('a cgroupsPath that is no slice:prefix:name is refused before anything is made', () => {
  const dir = bundle('true', '/a/path');
  const { code, stderr } = tinyrunc('--systemd-cgroup', 'run', '-b', dir, 'two');
  assert.equal(code, 1);
  assert.match(stderr, /slice:prefix:name/);
  assert.equal(tinyrunc('state', 'two').code, 1);
});

test('run leaves no scope behind', () => {
  const dir = bundle('cat /proc/self/cgroup', 'system.slice:test:three');
  const { code, stdout, stderr } = tinyrunc('--systemd-cgroup', 'run', '-b', dir, 'three');
  assert.deepEqual({ code, stdout }, { code: 0, stdout: '0::/\n' }, stderr);
  assert.equal(existsSync(`${CGROUPS}/system.slice/test-three.scope`), false);
});

// systemd does not hear of a cgroup that is gone before it has looked. That it may also be first, and takes an empty one
// away, native/test/cgroup_test.cc has.

/** Once its scope is there, a shell script of the creator's, by a hook: its parent. */
function bundleWithHook(script: string): string {
  const dir = bundle('sleep 1000', 'system.slice:test:one');
  const file = `${dir}/config.json`;
  const config = JSON.parse(readFileSync(file, 'utf8'));
  const hook = { path: '/bin/sh', args: ['sh', '-c', script] };
  writeFileSync(file, JSON.stringify({ ...config, hooks: { createRuntime: [hook] } }));
  return dir;
}

function assertNothingLeft(): void {
  assert.equal(tinyrunc('state', 'one').code, 1);
  assert.equal(existsSync(CGROUP), false);
  const { LoadState, ...rest } = unit('LoadState', 'ActiveState', 'SubState', 'Result', 'Job');
  assert.equal(LoadState, 'not-found', JSON.stringify(rest));
}

test('a creator that is killed once it has its scope: what it left is taken back, unit and all', () => {
  // a process that stays keeps systemd from dropping the scope
  const stay = `sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >${CGROUP}/cgroup.procs`;
  const dir = bundleWithHook(`${stay}; kill -9 $PPID`);
  assert.notEqual(tinyruncQuiet('--systemd-cgroup', 'create', '-b', dir, 'one'), 0);
  assert.equal(existsSync(CGROUP), true);
  const { code, stderr } = tinyrunc('delete', '--force', 'one');
  assert.equal(code, 0, stderr);
  assertNothingLeft();
});

// systemd is stopped until the cgroup has been empty for a second, in which we could remove it.
const FREEZE = `${CGROUPS}/init.scope/cgroup.freeze`;
const emptied = `while grep -q 'populated 1' ${CGROUP}/cgroup.events; do sleep 0.1; done`;
const systemdIsLate = `echo 1 >${FREEZE}; (${emptied}; sleep 1; echo 0 >${FREEZE}) </dev/null >/dev/null 2>&1 &`;

for (const [what, script, use] of [
  [
    'a creator that fails once it has its scope',
    `${systemdIsLate} exit 3`,
    (create) => assert.match(create('one').stderr, /createRuntime hook #0 .*: exit status 3/),
  ],
  [
    'a container that is made and cannot be announced',
    systemdIsLate,
    (create) => assert.match(create('--pid-file', '/nonexistent/pid', 'one').stderr, /nonexistent/),
  ],
  [
    'a container whose state cannot be read',
    'exit 0',
    (_, dir) => {
      // its streams would be the container's, and read to their end
      assert.equal(tinyruncQuiet('--systemd-cgroup', 'create', '-b', dir, 'one'), 0);
      writeFileSync(`${STATES}/one/state.json`, '{');
      execFileSync('sh', ['-c', systemdIsLate]);
      assert.equal(tinyrunc('delete', '--force', 'one').code, 0);
    },
  ],
] as const satisfies readonly [
  string,
  string,
  (create: (...args: string[]) => Result, dir: string) => void,
][])
  test(`${what} leaves no unit, however late systemd is`, () => {
    const dir = bundleWithHook(script);
    use((...args) => tinyrunc('--systemd-cgroup', 'create', '-b', dir, ...args), dir);
    assertNothingLeft();
  });
