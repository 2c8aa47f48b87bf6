// Limits as the kernel keeps them, on a host with cgroup v2 alone.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import {
  CGROUPS,
  cgroups,
  DATA,
  keyed,
  makeBundle,
  sh,
  tinyrun,
  tinyrunc,
  tinyruncQuiet,
  tinyruncStream,
} from './support.ts';

let baseline: string[];

before(() => {
  // The first run creates what stays: the parent cgroup, the monitors', the unpacked image.
  const { code, stdout, stderr } = tinyrun('run', '--name', 'first', 'busybox', 'echo', 'hello');
  assert.deepEqual({ code, stdout }, { code: 0, stdout: 'hello\n' }, stderr);
  assert.equal(tinyrun('rm', 'first').code, 0);
  baseline = cgroups();
});

after(() => {
  assert.deepEqual(cgroups(), baseline, 'a cgroup was left behind');
});

test('flags arrive in the files of the cgroup, which the container sees as the root, read-only', () => {
  const flags =
    '-m 64m --memory-swap 96m --memory-reservation 32m --cpus 0.5 --cpu-shares 512 --pids-limit 20';
  const files = 'memory.max memory.swap.max memory.low cpu.max cpu.weight pids.max cpuset.cpus';
  // A program that stays within -m is left alone.
  const within = 'dd if=/dev/zero of=/dev/null bs=8M count=2 2>/dev/null; grep "oom_kill " memory.events';
  const { code, stdout, stderr } = sh(
    [...flags.split(' '), '--cpuset-cpus', '1'],
    `cd /sys/fs/cgroup; for f in ${files}; do echo $f $(cat $f); done; grep Cpus_allowed_list /proc/self/status
     ${within}; cat /proc/self/cgroup; mkdir x 2>&1; echo 5 2>&1 >pids.max || true`,
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.trim().split('\n'), [
    'memory.max 67108864',
    'memory.swap.max 33554432',
    'memory.low 33554432',
    'cpu.max 50000 100000',
    // As runc maps it since 1.3.2: 1024 shares are weight 100.
    'cpu.weight 59',
    'pids.max 20',
    'cpuset.cpus 1',
    'Cpus_allowed_list:\t1',
    'oom_kill 0',
    '0::/',
    "mkdir: can't create directory 'x': Read-only file system",
    "sh: can't create pids.max: Read-only file system",
  ]);
});

test('beyond -m the program is killed: 137, OOMKilled', () => {
  const { code, stderr } = tinyrun('run', '--name', 'oom', '-m', '32m', 'busybox', 'tail', '/dev/zero');
  assert.equal(code, 137, stderr);
  assert.deepEqual(oomState('oom'), { OOMKilled: true, ExitCode: 137, why: 'memory', signal: 9 });
  assert.equal(tinyrun('rm', 'oom').code, 0);
});

test('killed for memory by its policy again, and told why', async () => {
  const flags = '-m 32m --restart on-failure:1 --health-cmd true --health-interval 1h'.split(' ');
  const begun = tinyrun('run', '-d', '--name', 'hog', ...flags, 'busybox', 'tail', '/dev/zero');
  assert.equal(begun.code, 0, begun.stderr);
  const state = () =>
    tinyrun(
      'inspect',
      '-f',
      '{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Health.Status}}',
      'hog',
    ).stdout.trim();
  let now = state();
  for (let i = 0; i < 60 && !now.startsWith('exited 1'); i++) now = state();
  assert.equal(now, 'exited 1 137 true starting');
  const why = tinyrun('why', 'hog').stdout;
  assert.match(why, /the kernel killed it: its memory limit of 32MiB was reached, at most it had 3\d/);
  const told = tinyrun(
    'events',
    '--since',
    '1h',
    '--until',
    '0s',
    '--filter',
    'container=hog',
    '--format',
    '{{.Action}}',
  );
  assert.deepEqual(
    told.stdout.split('\n').filter((action) => /^(start|oom|die)$/.test(action)),
    ['start', 'oom', 'die', 'start', 'oom', 'die'],
  );
  assert.equal(tinyrun('rm', 'hog').code, 0);
});

test('OOMKilled is told when only a child died', () => {
  const script = 'tail /dev/zero; echo "child $?"';
  const { stdout } = tinyrun('run', '--name', 'child', '-m', '32m', 'busybox', 'sh', '-c', script);
  assert.equal(stdout, 'child 137\n');
  assert.deepEqual(oomState('child'), { OOMKilled: true, ExitCode: 0, why: 'memory', signal: undefined });
  assert.equal(tinyrun('rm', 'child').code, 0);
});

test('update changes the files of one that runs, and what the next start gets', () => {
  const files = 'memory.max memory.swap.max cpu.max pids.max cpu.weight'.split(' ');
  assert.equal(
    tinyrun('run', '-d', '--name', 'up', '-m', '50m', '--cpus', '1', 'busybox', 'sleep', '1000').code,
    0,
  );
  const limits = () => {
    const id = tinyrun('inspect', '-f', '{{.Id}}', 'up').stdout.trim();
    const dir = cgroups().find((name) => name.endsWith(id)) ?? '';
    return files.map((file) => readFileSync(path.join(dir, file), 'utf8').trim());
  };
  const before = limits();
  const refused = tinyrun('update', '-m', '101m', 'up');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /update the memoryswap at the same time/);
  assert.deepEqual(limits(), before);
  assert.deepEqual(tinyrun('update', '-m', '80m', '--pids-limit', '77', 'up'), {
    code: 0,
    stdout: 'up\n',
    stderr: '',
  });
  const after = [`${80 << 20}`, `${20 << 20}`, '100000 100000', '77', before[4]];
  assert.deepEqual(limits(), after);
  assert.equal(tinyrun('restart', '-t', '0', 'up').code, 0);
  assert.deepEqual(limits(), after);
  assert.equal(tinyrun('rm', '-f', 'up').code, 0);
});

test('too little memory to be set up is told as that', () => {
  const dir = makeBundle('tight', 'true', { memory: { limit: 4096 } });
  const { code, stderr } = tinyrunc('run', '-b', dir, 'tight');
  assert.equal(code, 1);
  // its own program is the first that the kernel has no memory for
  assert.match(stderr, /ENOMEM: cannot allocate memory"\nhint: give the container more memory/);
  assert.equal(tinyrunc('state', 'tight').code, 1);
});

test('killed for memory on its way to its program, a container does not look as if that had run', () => {
  const ways = [32, 48, 64, 80, 96].map((kilobytes) => {
    const dir = makeBundle(`tight${kilobytes}`, 'echo ran', { memory: { limit: kilobytes << 10 } });
    const { code, stdout, stderr } = tinyrunc('run', '-b', dir, `tight${kilobytes}`);
    const way = stdout === 'ran\n' ? 'ran' : /ENOMEM|OOM-killed/.exec(stderr)?.[0];
    // one whose program the kernel killed has its exit code, and nothing is ours to say
    return way ?? (code === 137 && stderr === '' ? 'its program was killed' : `${code} ${stderr}`);
  });
  assert.ok(ways.includes('OOM-killed'), ways.join(', '));
  for (const way of ways)
    assert.match(way, /^(?:ran|ENOMEM|OOM-killed|its program was killed)$/, ways.join(', '));
});

/** How it ended: what inspect says, and what its monitor wrote beside the record. */
function oomState(name: string): object {
  const { stdout, stderr, code } = tinyrun('inspect', name);
  assert.equal(code, 0, stderr);
  const [{ Id, State }] = JSON.parse(stdout);
  const { OOMKilled, ExitCode } = State;
  const { why, signal } = JSON.parse(readFileSync(`${DATA}/containers/${Id}/exit.json`, 'utf8'));
  return { OOMKilled, ExitCode, why, signal };
}

test('--cpus throttles', () => {
  const spin =
    'end=$(($(cut -d. -f1 /proc/uptime) + 3)); while [ $(cut -d. -f1 /proc/uptime) -lt $end ]; do :; done';
  const { code, stdout, stderr } = sh(
    ['--cpus', '0.2'],
    `${spin}; cat /sys/fs/cgroup/cpu.stat; cat /proc/uptime`,
  );
  assert.equal(code, 0, stderr);
  const stat = keyed(stdout);
  assert.ok((stat.nr_throttled ?? 0) > 0, stdout);
  const share = (stat.usage_usec ?? 0) / ((stat.nr_periods ?? 1) * 100_000);
  assert.ok(share < 0.35, `used ${share} of a processor under --cpus 0.2`);
});

test('--pids-limit stops a fork bomb', () => {
  // Only built-ins after the bomb: there is no pid left for another program.
  const bomb = 'bomb() { bomb | bomb & }; bomb 2>/dev/null';
  const refused =
    'n=0; while [ $n -lt 20000 ] && read -r _ max </sys/fs/cgroup/pids.events && [ "$max" = 0 ]; do n=$((n+1)); done';
  const { stdout } = sh(['--pids-limit', '16'], `${bomb}; ${refused}; echo max $max; exit 0`);
  assert.ok((keyed(stdout).max ?? 0) > 0, stdout);
});

test('devices: the list of table C and nothing else', () => {
  const script = `for d in null zero full random urandom tty; do [ -e /dev/$d ] && echo "$d $(head -c 0 /dev/$d 2>&1)"; done
    mknod /tmp/kmsg c 1 11 && echo made; head -c 1 /tmp/kmsg 2>&1; mknod /tmp/mem c 1 1; head -c 1 /tmp/mem 2>&1
    mknod /tmp/null c 1 3 && echo x >/tmp/null && echo written
    mknod /tmp/loop c 10 237; : </tmp/loop && echo opened`;
  const { stdout, stderr } = sh(['--tmpfs', '/tmp:dev'], script);
  assert.equal(
    stdout,
    [
      'null ',
      'zero ',
      'full ',
      'random ',
      'urandom ',
      'tty head: /dev/tty: No such device or address',
      'made',
      'head: /tmp/kmsg: Operation not permitted',
      'head: /tmp/mem: Operation not permitted',
      'written',
      '',
    ].join('\n'),
    stderr,
  );
});

test('--device and --privileged widen it', () => {
  const opened = (flags: string[], script: string) => sh(flags, script).stdout;
  assert.equal(opened(['--device', '/dev/loop-control'], ': </dev/loop-control && echo opened'), 'opened\n');
  const writeOnly = '(: </dev/l) 2>/dev/null || echo refused; : >/dev/l && echo opened';
  assert.equal(opened(['--device', '/dev/loop-control:/dev/l:w'], writeOnly), 'refused\nopened\n');
  assert.equal(opened(['--privileged'], 'mknod /l c 10 237; : </l && echo opened'), 'opened\n');
});

test('the freezer: tinyrunc pause, resume, kill, delete', () => {
  const dir = makeBundle('frozen', 'while :; do sleep 1; done', {});
  const events = () => readFileSync(`${CGROUPS}/test-frozen/cgroup.events`, 'utf8');
  const status = () => JSON.parse(tinyrunc('state', 'frozen').stdout).status;
  const ok = (...args: string[]) =>
    assert.deepEqual({ args, ...tinyrunc(...args) }, { args, code: 0, stdout: '', stderr: '' });
  // Detached, it keeps the streams it was given.
  assert.equal(tinyruncQuiet('run', '-d', '-b', dir, 'frozen'), 0);
  ok('pause', 'frozen');
  assert.match(events(), /^frozen 1$/m);
  assert.equal(status(), 'paused');
  ok('resume', 'frozen');
  assert.match(events(), /^frozen 0$/m);
  assert.equal(status(), 'running');
  ok('delete', '-f', 'frozen');
});

/** The program waits for the file /go, then runs `script`. */
const onGo = (script: string) => `while [ ! -e /go ]; do sleep 0.1; done; ${script}`;

test('events: oom as runc writes it, and an end with the container', async () => {
  // A child first, then the first process itself, whose end is the container's.
  const greedy = onGo('sh -c "exec tail /dev/zero"; exec tail /dev/zero');
  const dir = makeBundle('events', greedy, { memory: { limit: 32 << 20 } });
  assert.equal(tinyruncQuiet('run', '-d', '-b', dir, 'events'), 0);
  const events = tinyruncStream('events', '--interval', '200ms', 'events');
  // It watches once it has told something.
  await once(events.stdout, 'data');
  writeFileSync(`${dir}/rootfs/go`, '');
  const [code] = await once(events, 'close');
  assert.equal(code, 0);
  const lines = events.text().trim().split('\n');
  assert.deepEqual(
    lines.filter((line) => !line.startsWith('{"type":"stats","id":"events","data":{')),
    ['{"type":"oom","id":"events"}', '{"type":"oom","id":"events"}'],
  );
  assert.equal(JSON.parse(tinyrunc('state', 'events').stdout).status, 'stopped');
  assert.equal(tinyrunc('events', 'events').code, 1);
  assert.equal(tinyrunc('delete', 'events').code, 0);
});

/**
 * What is in these changes by the moment; memory.peak runc tells since 1.2; huge pages are counted only where they are
 * limited, by runc always.
 */
const VARIABLE = ['.data.memory.raw', '.data.cpu.throttling', '.data.memory.usage.max', '.data.hugetlb'];

/** The names of fields, all the way down. */
function shape(value: unknown, at = ''): string[] {
  if (VARIABLE.includes(at)) return [];
  if (typeof value !== 'object' || value === null) return [at];
  return Object.entries(value).flatMap(([key, inner]) => shape(inner, `${at}.${key}`));
}

test('events --stats has the fields of runc’s', (t) => {
  if (spawnSync('which', ['runc']).status !== 0) return t.skip('not installed: runc');
  const limits = { memory: { limit: 64 << 20, swap: 96 << 20 }, pids: { limit: 20 } };
  const stats = (runtime: string): { data: { [part: string]: { [field: string]: unknown } } } => {
    const dir = makeBundle('stats', 'sleep 1000', limits);
    const call = (...args: string[]) => {
      const { status, stdout } = spawnSync(runtime, ['--root', '/scratch/stats', ...args], {
        stdio: ['ignore', args[0] === 'events' ? 'pipe' : 'ignore', 'ignore'],
        encoding: 'utf8',
      });
      assert.equal(status, 0, `${runtime} ${args.join(' ')}`);
      return stdout;
    };
    call('run', '-d', '-b', dir, 'stats');
    const event = call('events', '--stats', 'stats');
    call('delete', '-f', 'stats');
    return JSON.parse(event);
  };
  const [ours, theirs] = [stats(path.resolve('bin/tinyrunc')), stats('runc')];
  // left out where it is 0, which it is for whoever finds the program's file cached on another's account
  const always = (field: string) => field !== '.data.memory.cache';
  assert.deepEqual(shape(ours).filter(always).sort(), shape(theirs).filter(always).sort());
  const limitsOf = ({ data }: typeof ours) => [data.memory?.usage, data.memory?.swap, data.pids].map(limitOf);
  assert.deepEqual(limitsOf(ours), [64 << 20, 96 << 20, 20]);
  assert.deepEqual(limitsOf(theirs), limitsOf(ours));
});

const limitOf = (part: unknown) => (part as { limit?: number } | undefined)?.limit;

test('resources of config.json: io.max, unified, idle, burst', () => {
  const files = 'io.max memory.high cpu.idle cpu.max.burst cpu.max pids.max memory.swap.max';
  const script = `cd /sys/fs/cgroup; for f in ${files}; do read -r l <$f; echo $f $l; done`;
  const dir = makeBundle('resources', script, {
    memory: { limit: 64 << 20, swap: 64 << 20 },
    cpu: { quota: 20_000, period: 50_000, burst: 10_000 },
    pids: { limit: 33 },
    blockIO: { throttleReadBpsDevice: [{ major: 7, minor: 0, rate: 1 << 20 }] },
    unified: { 'memory.high': '50331648', 'io.max': '7:0 wiops=100\n' },
  });
  const { code, stdout, stderr } = tinyrunc('run', '-b', dir, 'resources');
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.trim().split('\n'), [
    'io.max 7:0 rbps=1048576 wbps=max riops=max wiops=100',
    'memory.high 50331648',
    'cpu.idle 0',
    'cpu.max.burst 10000',
    'cpu.max 20000 50000',
    'pids.max 33',
    'memory.swap.max 0',
  ]);
});

test('a processor that is not there is refused in docker’s words', () => {
  const { code, stderr } = sh(['--cpuset-cpus', '1-5'], 'true');
  assert.equal(code, 125);
  assert.match(
    stderr,
    /--cpuset-cpus "1-5": requested CPUs are not available - requested 1-5, available: 0-1/,
  );
});
