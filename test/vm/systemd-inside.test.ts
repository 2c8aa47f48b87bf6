// A Debian whose init is systemd, as a container, on cgroup v2 alone: scripts/test-vm systemd. scripts/debian-systemd has made it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CGROUPS, DATA, SCRATCH, tinyrun } from './support.ts';

const MADE = path.resolve('.cache/debian-systemd');
const skip = existsSync(MADE) ? false : 'debootstrap, which makes its image, needs root on the host';

const COPY = { recursive: true, verbatimSymlinks: true };

/** The image as it was unpacked on the host: unpacking takes a minute here. */
function takeImage(): void {
  mkdirSync(DATA, { recursive: true });
  for (const name of readdirSync(MADE))
    if (name !== 'layers.ext4') cpSync(`${MADE}/${name}`, `${DATA}/${name}`, COPY);
  const layers = `${SCRATCH}/layers`;
  mkdirSync(layers);
  execFileSync('mount', ['-o', 'ro,loop', `${MADE}/layers.ext4`, layers]);
  for (const name of readdirSync(layers)) {
    if (!/^[0-9a-f]{64}$/.test(name)) cpSync(`${layers}/${name}`, `${DATA}/layers/${name}`, COPY);
    else {
      mkdirSync(`${DATA}/layers/${name}`, { recursive: true });
      execFileSync('mount', ['--bind', `${layers}/${name}`, `${DATA}/layers/${name}`]);
    }
  }
}

const ours = (...args: readonly string[]): string => {
  const { code, stdout, stderr } = tinyrun(...args);
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}${stdout}`);
  return stdout.trim();
};
const inside = (...args: readonly string[]): string => ours('exec', 'debian', ...args);
const script = (text: string): string => inside('sh', '-c', text);

/** Its state once it has booted; before that nobody is there to be asked. */
function booted(): string {
  const ask =
    's=$(systemctl is-system-running --wait 2>/dev/null); [ -n "$s" ] && [ "$s" != offline ] && echo "$s"';
  for (let tries = 0; tries < 200; tries++) {
    const { code, stdout } = tinyrun('exec', 'debian', 'sh', '-c', ask);
    if (code === 0) return stdout.trim();
  }
  return 'never booted';
}

describe('systemd as PID 1', { skip }, () => {
  before(() => {
    takeImage();
    ours(
      'run',
      '-d',
      '--name',
      'debian',
      '-m',
      '512m',
      '--pids-limit',
      '100',
      '--hostname',
      'box',
      'debian-systemd',
    );
  });
  after(() => {
    tinyrun('rm', '-f', 'debian');
  });

  test('it boots, by the name of its program alone, and nothing fails', () => {
    assert.equal(booted(), 'running', script('systemctl --failed --no-legend; systemctl list-jobs'));
    assert.equal(script('cat /proc/1/comm'), 'systemd');
    assert.equal(inside('systemd-detect-virt', '--container'), 'container-other');
    const id = ours('inspect', '-f', '{{.Id}}', 'debian');
    assert.equal(inside('cat', '/etc/machine-id'), id.slice(0, 32));
    assert.equal(inside('stat', '-f', '-c', '%T', '/run', '/tmp'), 'tmpfs\ntmpfs');
  });

  test('a service has a cgroup of its own, a status and a journal', () => {
    script(
      'systemd-run --unit=hello -p MemoryMax=64M -p RemainAfterExit=yes sh -c "echo hello of $(hostname)"',
    );
    script('until journalctl -u hello --no-pager | grep "hello of box"; do sleep 0.2; done');
    assert.match(inside('systemctl', 'status', 'hello', '--no-pager'), /Active: active \(exited\)/);
    inside('systemd-run', '--unit=sleeper', '-p', 'MemoryMax=64M', 'sleep', '1000');
    assert.equal(script('cat /sys/fs/cgroup/system.slice/sleeper.service/memory.max'), String(64 << 20));
    assert.match(
      inside('systemctl', 'status', 'sleeper', '--no-pager'),
      /CGroup: \/system\.slice\/sleeper\.service/,
    );
  });

  test('it divides its cgroup, and its limits are out of its reach', () => {
    const own = path.join(CGROUPS, 'tinyrun', ours('inspect', '-f', '{{.Id}}', 'debian'));
    const limits = () =>
      ['memory.max', 'pids.max'].map((file) => readFileSync(`${own}/${file}`, 'utf8').trim());
    assert.deepEqual(limits(), [String(512 << 20), '100']);
    // what it sees as the root is not what is limited, and what is above is not there; the kernel does not help
    execFileSync('mount', ['-o', 'remount,rw', CGROUPS]);
    const attack = `cd /sys/fs/cgroup
      for f in memory.max pids.max; do echo max >$f; done 2>/dev/null
      cat /proc/self/cgroup
      ls -d ../payload ../beside /sys/fs/cgroup/../payload
      mkdir /tmp/cg && mount -t cgroup2 none /tmp/cg
      echo $$ >/sys/fs/cgroup/../cgroup.procs`;
    tinyrun('exec', 'debian', 'sh', '-c', attack);
    assert.deepEqual(limits(), [String(512 << 20), '100']);
    // within the limit there is no more than what is left of it
    const forks = `trap 'kill 0' EXIT; i=0; while [ $i -lt 150 ]; do sleep 1000 & i=$((i+1)); done`;
    assert.match(tinyrun('exec', 'debian', 'sh', '-c', forks).stderr, /fork/i);
    // as deep and as many as can be taken back again
    const deep =
      'd=/sys/fs/cgroup; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do d=$d/x; mkdir $d || exit 3; done';
    assert.equal(tinyrun('exec', 'debian', 'sh', '-c', deep).code, 3);
  });

  test('stop ends it by its own signal, in time, and in order', () => {
    assert.equal(ours('inspect', '-f', '{{.Config.StopSignal}}', 'debian'), 'SIGRTMIN+3');
    const begun = Date.now();
    ours('stop', '-t', '60', 'debian');
    assert.ok(Date.now() - begun < 60_000);
    assert.equal(
      ours('inspect', '-f', '{{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Why.Reason}}', 'debian'),
      '0 false ended',
    );
    assert.match(ours('why', 'debian'), /its program ended well, after tinyrun stop had sent it SIGRTMIN\+3/);
  });

  test('restart boots it again', () => {
    ours('restart', 'debian');
    assert.equal(booted(), 'running');
  });
});
