// What every architecture must do: a hello, an exit code, and the limits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sh, tinyrun } from './support.ts';

test('hello', () => {
  const { code, stdout, stderr } = tinyrun('run', '--rm', 'busybox', 'echo', 'hello');
  assert.deepEqual({ code, stdout }, { code: 0, stdout: 'hello\n' }, stderr);
});

test('exit codes', () => {
  assert.equal(sh([], 'exit 7').code, 7);
  assert.equal(sh(['--init'], 'kill -9 $$').code, 137);
  assert.equal(tinyrun('run', '--rm', 'busybox', '/nowhere').code, 127);
});

test('namespaces and the filter', () => {
  const { stdout } = sh(
    [],
    'echo $$; hostname | wc -c; grep -E "^(Seccomp|CapEff):" /proc/self/status; unshare -m true 2>&1',
  );
  assert.match(
    stdout,
    /^1\n13\nCapEff:\t00000000a80425fb\nSeccomp:\t2\nunshare: .*Operation not permitted\n$/,
  );
});

test('limits', () => {
  const { stdout } = sh(
    ['-m', '64m', '--cpus', '0.5', '--pids-limit', '20'],
    'cd /sys/fs/cgroup; cat memory.max cpu.max pids.max',
  );
  assert.equal(stdout, '67108864\n50000 100000\n20\n');
  assert.equal(tinyrun('run', '--rm', '-m', '32m', 'busybox', 'tail', '/dev/zero').code, 137);
});
