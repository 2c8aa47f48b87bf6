// What the program in the container finds: arguments, environment, user, directory, name, standard streams.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { execute, TINYRUN } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const run = (...args: string[]) => sandbox.tinyrun(['run', '--rm', ...args]);
/** What it printed; the test fails when it did not end well. */
async function out(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

test('hello', async () => {
  expect(await out('busybox', 'echo', 'hello')).toBe('hello\n');
});

test('arguments arrive as they are', async () => {
  expect(await out('busybox', 'printf', '[%s]', 'a b', '', '--rm', '-e', "'q'", 'é')).toBe(
    "[a b][][--rm][-e]['q'][é]",
  );
});

describe('environment', () => {
  test('by default', async () => {
    const env = await out('busybox', 'env');
    expect(env.split('\n').sort().join('\n')).toMatch(
      /^\nHOME=\/root\nHOSTNAME=[0-9a-f]{12}\nPATH=\/usr\/local\/sbin:\/usr\/local\/bin:\/usr\/sbin:\/usr\/bin:\/sbin:\/bin$/,
    );
  });
  test('-e and --env-file; nothing of the host comes in unasked', async () => {
    const file = path.join(sandbox.dir, 'env');
    writeFileSync(file, '# comment\nA=file\nB="b b"\nSECRET_GIVEN\nGONE\n');
    const env = { ...sandbox.env, SECRET_HOST: 'x', SECRET_GIVEN: 'given' };
    const args = [
      'run',
      '--rm',
      '--env-file',
      file,
      '-e',
      'A=flag',
      '-e',
      'PATH',
      '-e',
      'C=',
      'busybox',
      '/bin/env',
    ];
    const { stdout } = await execute(TINYRUN, args, { env });
    expect(stdout).toContain('A=flag\n');
    expect(stdout).toContain('B="b b"\n');
    expect(stdout).toContain('C=\n');
    expect(stdout).toContain('SECRET_GIVEN=given\n');
    expect(stdout).toContain(`PATH=${process.env.PATH}\n`);
    expect(stdout).not.toMatch(/SECRET_HOST|GONE/);
  });
  test('-t sets TERM', async () => {
    expect(await out('-t', 'busybox', 'sh', '-c', 'echo $TERM')).toBe('xterm\r\n');
  });
});

describe('user, directory, name', () => {
  test.each([
    ['root', 'uid=0(root) gid=0(root) groups=0(root)'],
    ['nobody', 'uid=65534(nobody) gid=65534(nobody) groups=65534(nobody)'],
    ['1000:100', 'uid=1000 gid=100(users) groups=100(users)'],
    ['33', 'uid=33(www-data) gid=33(www-data) groups=33(www-data)'],
  ])('-u %s', async (user, expected) => {
    expect(await out('-u', user, 'busybox', 'id')).toContain(expected);
  });
  test('HOME follows the user, --group-add adds', async () => {
    expect(
      await out('-u', 'mail', '--group-add', 'audio', 'busybox', 'sh', '-c', 'echo $HOME $(id -G)'),
    ).toBe('/var/spool/mail 8 29\n');
  });
  test('-w is made when missing', async () => {
    expect(await out('-w', '/a/b', 'busybox', 'pwd')).toBe('/a/b\n');
    expect(await run('-w', 'a', 'busybox', 'pwd')).toMatchObject({ code: 125 });
  });
  test('the host name: in uname, /etc/hostname and /etc/hosts', async () => {
    const text = await out(
      '-h',
      'web',
      'busybox',
      'sh',
      '-c',
      'uname -n; cat /etc/hostname /etc/hosts; echo $HOSTNAME',
    );
    expect(text).toMatch(/^web\nweb\n127\.0\.0\.1\tlocalhost\n/);
    expect(text).toMatch(/\tweb\nweb\n$/);
    expect(await out('--add-host', 'db:10.0.0.7', 'busybox', 'grep', '10.0.0.7', '/etc/hosts')).toBe(
      '10.0.0.7\tdb\n',
    );
  });
  test('umask is 022 whoever calls', async () => {
    const script = 'umask 077; exec "$0" run --rm busybox sh -c "umask; ls -ld / /etc/hosts"';
    const { stdout } = await execute('sh', ['-c', script, TINYRUN], { env: sandbox.env });
    expect(stdout).toMatch(/^0022\ndrwxr-xr-x .*\n-rw-r--r-- /);
  });
});

describe('entrypoint', () => {
  test('replaced, and reset', async () => {
    expect(await out('--entrypoint', '/bin/echo', 'busybox', 'x')).toBe('x\n');
    expect(await out('--entrypoint', '', 'busybox', 'echo', 'x')).toBe('x\n');
    expect(await run('--entrypoint', '', 'busybox')).toMatchObject({ code: 125 });
  });
});

describe('standard streams', () => {
  const piped = (args: string[], input: string) =>
    new Promise<string>((resolve, reject) => {
      const child = spawn(TINYRUN, ['run', '--rm', ...args], { env: sandbox.env });
      let text = '';
      child.stdout.on('data', (chunk) => {
        text += chunk;
      });
      child.on('error', reject).on('close', () => resolve(text));
      child.stdin.on('error', () => undefined).end(input);
    });
  test('-i passes standard input on; without it the program reads nothing', async () => {
    expect(await piped(['-i', 'busybox', 'cat'], 'typed')).toBe('typed');
    expect(await piped(['busybox', 'cat'], 'typed')).toBe('');
  });
  test('standard error stays apart', async () => {
    expect(await run('busybox', 'sh', '-c', 'echo out; echo err >&2')).toEqual({
      code: 0,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });
});

test('a read-only root, with a tmpfs where it may write', async () => {
  const script = 'touch /x 2>/dev/null || echo refused; touch /run/y && echo written';
  expect(await out('--read-only', '--tmpfs', '/run:size=1m', 'busybox', 'sh', '-c', script)).toBe(
    'refused\nwritten\n',
  );
});

test('-v binds a directory, read-only where asked', async () => {
  const dir = path.join(sandbox.dir, 'bound');
  mkdirSync(dir);
  writeFileSync(path.join(dir, 'f'), 'host\n');
  expect(await out('-v', `${dir}:/mnt`, 'busybox', 'sh', '-c', 'cat /mnt/f; echo c > /mnt/g')).toBe('host\n');
  expect(readFileSync(path.join(dir, 'g'), 'utf8')).toBe('c\n');
  const { code, stderr } = await run('-v', `${dir}:/mnt:ro`, 'busybox', 'touch', '/mnt/h');
  expect(code).toBe(1);
  expect(stderr).toMatch(/Read-only file system/);
  expect(await out('-v', `${sandbox.dir}/made:/m`, 'busybox', 'ls', '/m')).toBe('');
  const missing = await run('--mount', `type=bind,src=${sandbox.dir}/no,dst=/m`, 'busybox', 'true');
  expect(missing).toMatchObject({ code: 125, stderr: expect.stringMatching(/does not exist/) });
});

test('--ulimit, --shm-size, --sysctl, --device, --oom-score-adj', async () => {
  expect(await out('--ulimit', 'nofile=64:128', 'busybox', 'sh', '-c', 'ulimit -n; ulimit -Hn')).toBe(
    '64\n128\n',
  );
  expect(await out('--shm-size', '2m', 'busybox', 'df', '-m', '/dev/shm')).toMatch(/ +2 +0 +2 /);
  const key = '/proc/sys/net/core/somaxconn';
  expect(await out('--sysctl', 'net.core.somaxconn=77', 'busybox', 'cat', key)).toBe('77\n');
  expect(
    await out('--device', '/dev/zero:/dev/nought', 'busybox', 'sh', '-c', 'head -c 2 /dev/nought | wc -c'),
  ).toBe('2\n');
  expect(await out('--oom-score-adj', '500', 'busybox', 'cat', '/proc/self/oom_score_adj')).toBe('500\n');
});

test('-a joins the streams that it names; who joins none of its output gets its id', async () => {
  const script = 'cat; echo out; echo err >&2; exit 3';
  const input = path.join(sandbox.dir, 'input');
  writeFileSync(input, 'in\n');
  const joined = (...flags: string[]) =>
    sandbox.tinyrun(['run', '--rm', ...flags, 'busybox', 'sh', '-c', script], {
      stdio: [openSync(input, 'r'), 'pipe', 'pipe'],
    });
  expect(await joined('-a', 'STDOUT', '-a', 'stderr', '-q')).toMatchObject({
    code: 3,
    stdout: 'out\n',
    stderr: 'err\n',
  });
  expect(await joined('-i', '-a', 'stdin', '-a', 'stderr')).toMatchObject({
    code: 3,
    stdout: '',
    stderr: 'err\n',
  });
  expect(await joined('-i', '-a', 'stdin')).toMatchObject({
    code: 3,
    stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/),
    stderr: '',
  });
  const both = await run('-d', '-a', 'stdout', 'busybox', 'true');
  expect(both).toMatchObject({ code: 125, stderr: expect.stringMatching(/cannot specify both/) });
});

test('--expose, --label-file, --cgroup-parent and its kin are told by inspect; what cannot be had is said', async () => {
  const file = path.join(sandbox.dir, 'labels');
  writeFileSync(file, 'from=file\n');
  const flags = '--name told --expose 80-81 --cgroup-parent /tinyrun-told --memory-swappiness 3'.split(' ');
  const rule = ['--device-cgroup-rule', 'c 1:* r', '--label-file', file];
  const made = await sandbox.tinyrun(['create', ...flags, ...rule, 'busybox', 'true']);
  expect(made).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^WARNING: .*swappiness discarded\.\n$/),
  });
  const { stdout } = await sandbox.tinyrun(['inspect', 'told']);
  const [{ Config, HostConfig }] = JSON.parse(stdout);
  expect(Config).toMatchObject({ ExposedPorts: { '80/tcp': {}, '81/tcp': {} }, Labels: { from: 'file' } });
  expect(HostConfig).toMatchObject({ CgroupParent: '/tinyrun-told', DeviceCgroupRules: ['c 1:* r'] });
  const { stdout: plan } = await sandbox.tinyrun(['start', '--explain', 'told']);
  expect(plan).toMatch(/tinyrun-told\/[0-9a-f]{64}/);
  await sandbox.tinyrun(['rm', 'told']);
});

test('--device vendor/class=name: what its vendor says that a container needs', async () => {
  const kind = `tinyrun-test.dev/d${process.pid}`;
  const file = `/var/run/cdi/tinyrun-test-${process.pid}.json`;
  const marker = path.join(sandbox.dir, 'hooked');
  const edits = {
    env: ['VENDOR=yes'],
    deviceNodes: [{ path: '/dev/vendors', hostPath: '/dev/zero' }],
    mounts: [{ hostPath: sandbox.dir, containerPath: '/vendor', options: ['ro', 'bind'] }],
    hooks: [{ hookName: 'createContainer', path: '/bin/sh', args: ['sh', '-c', `cat >${marker}`] }],
  };
  const device = { name: 'one', containerEdits: edits };
  mkdirSync('/var/run/cdi', { recursive: true });
  writeFileSync(file, JSON.stringify({ cdiVersion: '0.6.0', kind, devices: [device] }));
  try {
    const script =
      'echo $VENDOR; head -c 3 /dev/vendors | wc -c; ls -d /vendor/data; touch /vendor/x 2>/dev/null || echo ro';
    expect(await out('--device', `${kind}=one`, 'busybox', 'sh', '-c', script)).toBe(
      'yes\n3\n/vendor/data\nro\n',
    );
    expect(JSON.parse(readFileSync(marker, 'utf8'))).toMatchObject({ status: 'creating' });
    const missing = await run('--device', `${kind}=two`, 'busybox', 'true');
    expect(missing).toMatchObject({
      code: 125,
      stderr: expect.stringContaining(`unresolvable CDI devices ${kind}=two`),
    });
  } finally {
    rmSync(file);
  }
});

test('--network: a loopback that is up, or the host’s devices', async () => {
  expect(await out('busybox', 'ls', '/sys/class/net')).toBe('lo\n');
  expect(await out('busybox', 'sh', '-c', 'ping -c1 -W1 127.0.0.1 >/dev/null && echo up')).toBe('up\n');
  const host = await out('--network', 'host', 'busybox', 'sh', '-c', 'ls /proc/sys/net/ipv4/conf; uname -n');
  expect(host).toContain(readFileSync('/proc/sys/kernel/hostname', 'utf8'));
});

test.each([
  ['--pid', 'pid'],
  ['--ipc', 'ipc'],
  ['--uts', 'uts'],
  ['--network', 'net'],
  ['--cgroupns', 'cgroup'],
])('%s host', async (flag, type) => {
  const script = `readlink /proc/self/ns/${type}`;
  const host = `${readlinkSync(`/proc/self/ns/${type}`)}\n`;
  expect(await out('busybox', 'sh', '-c', script)).not.toBe(host);
  expect(await out(flag, 'host', 'busybox', 'sh', '-c', script)).toBe(host);
});

const ALONE = `
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static void *goOn(void *_) {
  char stat[512] = "";
  while (!strstr(stat, ") Z ")) { FILE *f = fopen("/proc/1/stat", "r"); fgets(stat, sizeof stat, f); fclose(f); }
  puts("alone"); fflush(stdout); for (;;) pause();
}
int main() { pthread_t thread; pthread_create(&thread, 0, goOn, 0); pthread_exit(0); }`;

test('a program whose first thread has ended runs on, though that is a zombie', async () => {
  const file = path.join(sandbox.dir, 'alone');
  const { status, stderr } = spawnSync('gcc', ['-static', '-pthread', '-xc', '-o', file, '-'], {
    input: ALONE,
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  const args = ['run', '--name', 'alone', '-v', `${file}:/alone:ro`, 'busybox', '/alone'];
  const child = spawn(TINYRUN, args, { env: sandbox.env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  expect(String(await once(child.stdout, 'data'))).toBe('alone\n');
  expect((await sandbox.tinyrun(['ps', '--format', '{{.Names}} {{.State}}'])).stdout).toBe('alone running\n');
  expect((await sandbox.tinyrun(['rm', 'alone'])).stderr).toContain('is running');
  expect((await sandbox.tinyrun(['kill', 'alone'])).code).toBe(0);
  expect(await ended).toEqual([137, null]);
  expect((await sandbox.tinyrun(['rm', 'alone'])).code).toBe(0);
});
