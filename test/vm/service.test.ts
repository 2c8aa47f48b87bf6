// contrib/systemd/tinyrun.service, in a guest that systemd runs: scripts/test-vm systemd.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { CGROUPS, DATA, RUN, SCRATCH, tinyrun } from './support.ts';

const UNIT = '/etc/systemd/system/tinyrun.service';
const FAKES = `${SCRATCH}/fakes`;

function call(program: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return { code: status, said: `${stdout}${stderr}`.trim() };
}

function systemctl(...args: readonly string[]): string {
  const { code, said } = call('/usr/bin/systemctl', ...args);
  assert.equal(
    code,
    0,
    `systemctl ${args.join(' ')}: ${said}\n${call('journalctl', '-u', 'tinyrun', '-n', '20').said}`,
  );
  return said;
}

const ours = (...args: readonly string[]): string => {
  const { code, stdout, stderr } = tinyrun(...args);
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  return stdout.trim();
};
const running = (): string[] => ours('ps', '--format', '{{.Names}}').split('\n').filter(Boolean).sort();

/** What a reboot leaves: no process, no cgroup, nothing in the run root, another boot. */
function reboot(): void {
  const pids = readFileSync(`${CGROUPS}/tinyrun/monitors/cgroup.procs`, 'utf8').split('\n').filter(Boolean);
  for (const pid of pids) process.kill(Number(pid), 'SIGKILL');
  // not by the kill file of one that stays: kernels take its word for whoever is born there afterwards, too
  while (/populated 1/.test(readFileSync(`${CGROUPS}/tinyrun/cgroup.events`, 'utf8')));
  for (const name of readdirSync(`${CGROUPS}/tinyrun`).filter((name) => /^[0-9a-f]{64}$/.test(name)))
    rmdirSync(`${CGROUPS}/tinyrun/${name}`);
  rmSync(RUN, { recursive: true });
  const file = `${SCRATCH}/boot_id`;
  writeFileSync(file, `${randomUUID()}\n`);
  assert.equal(call('mount', '--bind', file, '/proc/sys/kernel/random/boot_id').code, 0);
}

before(() => {
  copyFileSync('contrib/systemd/tinyrun.service', UNIT);
  mkdirSync(`${UNIT}.d`);
  mkdirSync(FAKES);
  const search = [FAKES, path.resolve('bin'), process.env.PATH].join(':');
  writeFileSync(
    `${UNIT}.d/test.conf`,
    `[Service]\nEnvironment=PATH=${search} TINYRUN_ROOT=${DATA} TINYRUN_RUN_ROOT=${RUN}\n`,
  );
  systemctl('daemon-reload');
});

after(() => {
  tinyrun('rm', '-f', 'al', 'un', 'stopped', 'plain');
  call('umount', '/proc/sys/kernel/random/boot_id');
});

test('systemd has nothing against it but that it kills nobody', () => {
  const { code, said } = call('systemd-analyze', 'verify', UNIT);
  assert.equal(code, 0, said);
  const lines = said
    .split('\n')
    .filter((line) => line.includes('tinyrun') && !line.includes('KillMode=none'));
  assert.deepEqual(lines, []);
});

test('after a reboot it starts those that are to run', () => {
  const run = (name: string, ...flags: readonly string[]) =>
    ours('run', '-d', '--name', name, '--stop-timeout', '0', ...flags, 'busybox', 'sleep', '1000');
  run('al', '--restart', 'always');
  run('un', '--restart', 'unless-stopped');
  run('stopped', '--restart', 'unless-stopped');
  run('plain');
  ours('stop', 'stopped');
  reboot();
  assert.deepEqual(running(), []);
  systemctl('start', 'tinyrun');
  assert.deepEqual(running(), ['al', 'un']);
});

test('stopped, it ends none; when the host goes down it ends all, and the next start brings them back', () => {
  systemctl('stop', 'tinyrun');
  assert.deepEqual(running(), ['al', 'un']);
  systemctl('start', 'tinyrun');
  writeFileSync(`${FAKES}/systemctl`, '#!/bin/sh\necho stopping\n');
  chmodSync(`${FAKES}/systemctl`, 0o755);
  systemctl('stop', 'tinyrun');
  assert.deepEqual(running(), []);
  assert.match(ours('why', 'un'), /tinyrun system stop-all/);
  rmSync(`${FAKES}/systemctl`);
  systemctl('start', 'tinyrun');
  assert.deepEqual(running(), ['al', 'un']);
});
