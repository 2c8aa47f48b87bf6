// exec: a further program in a running container, as docker's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../../src/index.ts';
import { pidOf } from '../../support/processes.ts';
import { hasEnded, TINYRUN, until } from '../../support/programs.ts';
import { RunningContainer } from '../../support/running.ts';
import { Sandbox } from '../../support/sandbox.ts';
import { Terminal } from '../../support/terminal.ts';

const sandbox = new Sandbox();
let web: RunningContainer;
let kept: RunningContainer;
beforeAll(async () => {
  await sandbox.layer();
  const flags = '-u nobody -w /srv -e A=1 --group-add 7 --hostname web --ulimit nofile=99'.split(' ');
  web = await RunningContainer.start(sandbox, 'web', ...flags, 'busybox', 'sleep', '1000');
  kept = await RunningContainer.start(sandbox, 'kept', 'busybox', 'sleep', '1000');
});
afterAll(async () => {
  await Promise.all([web.remove(), kept.remove()]);
  await sandbox.close();
});

const exec = (...args: string[]) => sandbox.tinyrun(['exec', ...args]);
const sh = (flags: string, script: string) =>
  exec(...flags.split(' ').filter(Boolean), 'web', 'sh', '-c', script);

describe('the program', () => {
  test('has the container’s namespaces, cgroup, user, directory, environment, limits and filter', async () => {
    const { stdout } = await sh(
      '',
      'id; pwd; hostname; env | sort; ulimit -n; grep -E "^(CapEff|CapBnd|Seccomp):" /proc/self/status; grep ^0: /proc/self/cgroup; readlink /proc/self/fd/0',
    );
    expect(stdout.split('\n')).toEqual([
      'uid=65534(nobody) gid=65534(nobody) groups=7,65534(nobody)',
      '/srv',
      'web',
      'A=1',
      'HOME=/home',
      'HOSTNAME=web',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'PWD=/srv',
      'SHLVL=1',
      '99',
      'CapEff:\t0000000000000000',
      'CapBnd:\t00000000a80425fb',
      'Seccomp:\t2',
      '0::/',
      '/dev/null',
      '',
    ]);
  });

  test('as its flags say: the user of the container’s files as they are now', async () => {
    await sh('-u 0', 'echo late:x:77:78::/late:/bin/sh >>/etc/passwd; echo friends:x:79:late >>/etc/group');
    const file = path.join(sandbox.dir, 'env');
    writeFileSync(file, '# comment\nB=file\nGIVEN\n');
    const args = [
      'exec',
      '-u',
      'late',
      '-w',
      '/tmp/../tmp',
      '-e',
      'A=2 3',
      '-e',
      'HOSTNAME',
      '--env-file',
      file,
    ];
    const env = { ...sandbox.env, GIVEN: 'yes' };
    const { HOSTNAME: _, ...withoutHostname } = env as NodeJS.ProcessEnv;
    const { stdout } = await sandbox.tinyrun(
      [...args, 'web', 'sh', '-c', 'id; pwd; echo $A $B $GIVEN $HOME; env | grep -c HOSTNAME'],
      {
        env: withoutHostname,
      },
    );
    expect(stdout).toBe('uid=77(late) gid=78 groups=7,78,79(friends)\n/tmp\n2 3 file yes /late\n0\n');
  });

  test('root in it has what the container may have at most, --privileged all', async () => {
    const caps = 'grep -E "^Cap(Prm|Eff|Bnd|Inh|Amb):" /proc/self/status | cut -f 2 | uniq';
    expect((await sh('-u 0', caps)).stdout).toBe(
      ['0000000000000000', '00000000a80425fb', '0000000000000000', ''].join('\n'),
    );
    const own = /^CapEff:\t(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    expect((await sh('-u 0 --privileged', caps)).stdout).toBe(
      ['0000000000000000', own, '0000000000000000', ''].join('\n'),
    );
    expect((await sh('--privileged', caps)).stdout).toBe(
      ['0000000000000000', own, '0000000000000000', ''].join('\n'),
    );
  });

  test('takes input with -i alone; its outputs and exit code are its own', async () => {
    const line = (flags: string, script: string) => {
      const child = spawn(TINYRUN, ['exec', ...flags.split(' ').filter(Boolean), 'web', 'sh', '-c', script], {
        env: sandbox.env,
      });
      child.stdin.end('typed\n');
      return collected(child);
    };
    expect(await line('-i', 'cat; echo err >&2; exit 42')).toEqual({
      code: 42,
      stdout: 'typed\n',
      stderr: 'err\n',
    });
    expect(await line('', 'cat; kill -TERM $$')).toEqual({ code: 143, stdout: '', stderr: '' });
    // what it leaves behind holds its pipes, and nobody waits for that
    expect(await line('', 'sleep 1000 & echo done')).toMatchObject({ code: 0, stdout: 'done\n' });
  });
});

async function collected(child: ReturnType<typeof spawn>) {
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (chunk) => {
      text[name] += chunk;
    });
  const [code] = await once(child, 'close');
  return { code, ...text };
}

describe('what fails', () => {
  test.each<[number, string, string[]]>([
    [127, 'exec: "nope": executable file not found in $PATH', ['web', 'nope']],
    [127, 'exec: "/no/such": stat /no/such: no such file or directory', ['web', '/no/such']],
    [126, 'exec: "/etc/passwd": permission denied', ['web', '/etc/passwd']],
    [126, "user nope: no matching entry in the container's /etc/passwd", ['-u', 'nope', 'web', 'true']],
    [126, 'change to working directory /nope', ['-w', '/nope', 'web', 'true']],
    [1, '--workdir "nope": not an absolute path', ['-w', 'nope', 'web', 'true']],
    [1, 'no such container: nothere', ['nothere', 'true']],
    [1, 'the input device is not a TTY', ['-it', 'web', 'true']],
    [1, '--detach-keys "nope": unknown key "nope"', ['--detach-keys', 'nope', 'web', 'true']],
    [125, "option '-e, --env <KEY=VALUE>' argument '=x' is invalid", ['-e', '=x', 'web', 'true']],
    [1, 'exec: "nope": executable file not found in $PATH', ['-d', 'web', 'nope']],
    [1, 'exec: "nope": executable file not found in $PATH', ['-dt', 'web', 'nope']],
    [127, 'exec: "nope": executable file not found in $PATH', ['-t', 'web', 'nope']],
    [1, "missing required argument 'command'", ['web']],
  ])('%d: %s', async (code, message, args) => {
    const result = await exec(...args);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toContain(`tinyrun: ${message}`);
  });

  test('a container that is paused, and one that has ended', async () => {
    const { cgroup } = JSON.parse(
      readFileSync(path.join(sandbox.dir, 'run/containers', await idOf('kept'), 'state.json'), 'utf8'),
    );
    writeFileSync(path.join(cgroup, 'cgroup.freeze'), '1');
    await until(() => /^frozen 1$/m.test(readFileSync(path.join(cgroup, 'cgroup.events'), 'utf8')));
    expect(await exec('kept', 'true')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('container kept is paused, unpause the container before exec'),
    });
    writeFileSync(path.join(cgroup, 'cgroup.freeze'), '0');
    await kept.end();
    expect(await exec('kept', 'true')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('container kept is not running'),
    });
  });
});

const idOf = async (name: string) =>
  (await sandbox.tinyrun(['inspect', '-f', '{{.Id}}', name])).stdout.trim();

describe('on its own', () => {
  test('-d returns once the program runs, which has the container’s null device to read, and goes on', async () => {
    const script = 'echo lost; sleep 1001; echo lost >&2; echo >/tmp/end';
    const links = 'for n in 0 1 2; do readlink /proc/$$/fd/$n; done | cat >/tmp/links';
    expect(await sh('-d', `${links}; ${script}`)).toEqual({ code: 0, stdout: '', stderr: '' });
    const pid = await pidOf(await idOf('web'), 'sleep', '1001');
    expect((await sh('', 'cat /tmp/links')).stdout).toMatch(/^\/dev\/null\n(pipe:\[\d+\]\n){2}$/);
    process.kill(pid);
    await until(() => hasEnded(pid));
    while ((await sh('', 'cat /tmp/end')).code !== 0);
  });

  test.each(['SIGINT', 'SIGKILL'] as const)(
    'the command gets %s: the program does not, and goes on',
    async (signal) => {
      const seconds = signal === 'SIGINT' ? '1002' : '1003';
      const child = spawn(TINYRUN, ['exec', 'web', 'sleep', seconds], { env: sandbox.env, stdio: 'ignore' });
      const pid = await pidOf(await idOf('web'), 'sleep', seconds);
      child.kill(signal);
      expect(await once(child, 'close')).toEqual([null, signal]);
      expect(hasEnded(pid)).toBe(false);
      process.kill(pid, 'SIGKILL');
    },
  );

  test('a program that is killed: 137; the container’s end is its own', async () => {
    expect((await sh('', 'kill -9 $$')).code).toBe(137);
    const short = await RunningContainer.start(sandbox, 'short', 'busybox', 'sleep', '1000');
    const running = exec('short', 'sleep', '1004');
    await pidOf(await idOf('short'), 'sleep', '1004');
    await short.end();
    expect((await running).code).toBe(137);
    await short.remove();
  });
});

test('-it: a terminal of its own, its size from the start and followed, Ctrl-C for the program, ours as it was', async () => {
  const terminal = new Terminal(sandbox, 'exec', '-it', 'web', 'sh', '-c', 'stty size; echo $TERM; exec sh');
  await terminal.until(/24 80\r\nxterm\r/);
  await terminal.until(/\$ /);
  expect(await terminal.isCooked()).toBe(false);
  terminal.resize(50, 132);
  do terminal.type('stty size\n');
  while (!(await terminal.until(/\n(24 80|50 132)\r/)).includes('50 132'));
  terminal.type('sh -c "echo asleep; sleep 1000"\n');
  await terminal.until(/\nasleep\r/);
  terminal.type('\x03');
  terminal.type('echo then $?\n');
  await terminal.until(/then 130\r/);
  terminal.type('exit 42\n');
  expect(await terminal.ended).toBe(42);
  expect(await terminal.isCooked()).toBe(true);
  terminal.close();
});

test('--explain prints the plan and runs nothing, --trace how it ran; the library has the same', async () => {
  const explained = await exec('--explain', 'web', 'touch', '/tmp/explained');
  expect(explained.stdout).toMatch(/^ *1 +host +fd0 = pidfd_open\(\d+, 0\)/);
  expect((await sh('', 'ls /tmp/explained')).code).toBe(1);
  const { steps } = JSON.parse((await exec('--explain', '--json', 'web', 'true')).stdout);
  expect(steps.at(-2)).toMatchObject({ op: 'execve', args: { args: ['true'] } });
  const traced = await exec('--trace', 'web', 'echo', 'out');
  expect(traced.stdout).toBe('out\n');
  expect(traced.stderr).toMatch(/ok {4}execve\("echo"/);
  const engine = createEngine({ dataRoot: sandbox.env.TINYRUN_ROOT, runRoot: sandbox.env.TINYRUN_RUN_ROOT });
  const web = engine.container('web');
  expect(await web.exec(['sh', '-c', 'exit 7'])).toMatchObject({ exitCode: 7, failed: true });
  expect(await web.exec(['sh', '-c', 'kill -9 $$'])).toMatchObject({ exitCode: 137, signal: 9 });
  await expect(web.exec([])).rejects.toThrow('args: no program to run');
});
