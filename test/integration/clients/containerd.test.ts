import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TINYRUNC, until } from '../../support/programs.ts';
import { type Client, clientOf, daemon, end, installed, ok, removeCgroups, rootfsTar } from './support.ts';

let dir: string;
let ctr: Client;
let containerd: ChildProcess;
const available = installed('containerd', 'ctr');

beforeAll(async () => {
  if (!available) return;
  dir = mkdtempSync(join(tmpdir(), 'tinyrun-ctd-'));
  const address = join(dir, 'sock');
  const config = `version = 2
root = "${dir}/root"
state = "${dir}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${address}"
[debug]
  address = "${dir}/debug"
`;
  writeFileSync(join(dir, 'config.toml'), config);
  containerd = daemon('containerd', ['--config', join(dir, 'config.toml')], join(dir, 'log'));
  ctr = clientOf('ctr', ['--address', address, '--namespace', `t${process.pid}`]);
  await until(() => ctr('version').status === 0);
  rootfsTar(dir);
});

afterAll(async () => {
  if (!available) return;
  for (const id of ctr('container', 'ls', '-q').stdout.split('\n').filter(Boolean)) {
    ctr('task', 'rm', '-f', id);
    ctr('container', 'rm', id);
  }
  await end(containerd);
  removeCgroups(`t${process.pid}`);
  rmSync(dir, { recursive: true, force: true });
});

function run(id: string, flags: readonly string[], ...command: string[]) {
  const fixed = ['run', '--runc-binary', TINYRUNC, '--rootfs', ...flags];
  return ctr(...fixed, join(dir, 'rootfs'), id, ...command);
}

describe.skipIf(!available)('ctr run --runc-binary tinyrunc', () => {
  it('runs, with output and exit code', () => {
    expect(ok(run('hello', ['--rm'], '/bin/echo', 'hello'))).toBe('hello\n');
    expect(run('seven', ['--rm'], '/bin/sh', '-c', 'exit 7').status).toBe(7);
  });

  it('says why a program cannot be run', () => {
    const result = run('nope', ['--rm'], '/nope');
    expect(result.status).not.toBe(0);
    expect(result.stderr).toContain('no such file or directory');
  });

  it('keeps a detached one: exec, ps, pause, resume, metrics, kill, rm', async () => {
    const id = 'life';
    ok(run(id, ['-d'], '/bin/sleep', '1000'));
    expect(ok(ctr('task', 'exec', '--exec-id', 'e1', id, '/bin/echo', 'inside'))).toBe('inside\n');
    expect(ctr('task', 'exec', '--exec-id', 'e2', id, '/bin/sh', '-c', 'exit 4').status).toBe(4);
    expect(ctr('task', 'exec', '--exec-id', 'e3', id, '/nope').stderr).toContain('no such file or directory');
    expect(
      ok(ctr('task', 'ps', id))
        .trim()
        .split('\n').length,
    ).toBe(2);
    ok(ctr('task', 'pause', id));
    expect(ok(ctr('task', 'ls'))).toMatch(/life\s+\d+\s+PAUSED/);
    ok(ctr('task', 'resume', id));
    expect(ok(ctr('task', 'ls'))).toMatch(/life\s+\d+\s+RUNNING/);
    ok(ctr('task', 'metrics', id));
    ok(ctr('task', 'kill', '-s', 'SIGKILL', id));
    await until(() => /STOPPED/.test(ctr('task', 'ls').stdout));
    ctr('task', 'rm', id);
    ok(ctr('container', 'rm', id));
  });

  it('kills everything with --all', async () => {
    const id = 'all';
    ok(run(id, ['-d'], '/bin/sh', '-c', 'sleep 1000 & wait'));
    ok(ctr('task', 'kill', '-a', '-s', 'SIGKILL', id));
    await until(() => /STOPPED/.test(ctr('task', 'ls').stdout));
    ctr('task', 'rm', id);
    ok(ctr('container', 'rm', id));
  });
});
