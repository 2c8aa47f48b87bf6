// What has ended runs again where its policy says so, and stops when its user says so, whoever dies in between.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { launchSync } from '../../src/runtime/launch.ts';
import { pids } from '../support/processes.ts';
import { hasEnded, until } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());
afterEach(async () => {
  const ids = (await ok('ps', '-aq')).trim().split('\n').filter(Boolean);
  if (ids.length > 0) await ok('rm', '-f', ...ids);
  expect(readdirSync(path.join(sandbox.dir, 'run/containers'))).toEqual([]);
});

const ok = async (...args: string[]): Promise<string> => {
  const result = await sandbox.tinyrun(args);
  expect(result, args.join(' ')).toMatchObject({ code: 0 });
  return result.stdout;
};
const detached = async (restart: string, script: string, ...flags: string[]): Promise<string> =>
  (
    await ok('run', '-d', '--restart', restart, ...flags, '--name', 're', 'busybox', 'sh', '-c', script)
  ).trim();
const look = (format: string): Promise<string> =>
  ok('inspect', '-f', format, 're').then((text) => text.trim());
const becomes = (format: string, value: unknown) =>
  vi.waitFor(async () => expect(await look(format)).toEqual(value), 60_000);
const actions = async (): Promise<string> =>
  (
    await ok(
      'events',
      '--since',
      '1h',
      '--until',
      '0s',
      '--format',
      '{{.Action}}',
      '--filter',
      'container=re',
    )
  ).replaceAll('\n', ' ');

/** The process that has a container's lock: its monitor, or whoever that has become. */
async function keeperOf(id: string): Promise<number> {
  const lock = path.join(sandbox.dir, 'run/containers', id, 'lock');
  let keeper: number | undefined;
  await until(() => {
    keeper = pids().find((pid) => fdsOf(pid).some((fd) => isLock(pid, fd, lock)));
    return keeper !== undefined;
  });
  return keeper ?? 0;
}

function fdsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fdinfo`);
  } catch {
    return []; // it has just ended
  }
}

function isLock(pid: number, fd: string, file: string): boolean {
  try {
    const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8');
    return /FLOCK +ADVISORY +WRITE/.test(info) && realpathSync(`/proc/${pid}/fd/${fd}`) === file;
  } catch {
    return false; // it has just been closed
  }
}

test('on-failure, as often as it may; its log goes on, and foreground hears of the first end', async () => {
  const { code, stdout } = await sandbox.tinyrun([
    ...['run', '--restart', 'on-failure:2', '--name', 're', 'busybox', 'sh', '-c', 'echo again; exit 3'],
  ]);
  expect({ code, stdout }).toEqual({ code: 3, stdout: 'again\n' });
  await becomes('{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}', '2 exited 3');
  expect(await ok('logs', 're')).toBe('again\n'.repeat(3));
  expect(await actions()).toBe('create attach start die start die start die ');
  expect(await look('{{json .HostConfig.RestartPolicy}}')).toBe(
    '{"Name":"on-failure","MaximumRetryCount":2}',
  );
  // by its user: from the start
  await ok('start', 're');
  await becomes('{{.RestartCount}} {{.State.Status}}', '2 exited');
});

test('on-failure does not mind what did not fail', async () => {
  await detached('on-failure', 'exit 0');
  await becomes('{{.RestartCount}} {{.State.Status}}', '0 exited');
});

test('one that waits is told so, and takes no more than a word to stop', async () => {
  await detached('always', 'exit 7');
  // by then it waits for seconds
  await becomes(
    '{{ge .RestartCount 5}} {{.State.Status}} {{.State.Running}} {{.State.Pid}}',
    'true restarting true 0',
  );
  // it may just have been counted, and be started
  await vi.waitFor(
    async () =>
      expect(await ok('ps', '--format', '{{.Status}}', '--filter', 'status=restarting')).toMatch(
        /^Restarting \(7\) .* ago\n$/,
      ),
    60_000,
  );
  for (const [args, message] of [
    [['exec', 're', 'true'], 'is restarting, wait until the container is running'],
    [['attach', 're'], 'is restarting, wait until it is running'],
    [['rm', 're'], 'is restarting'],
  ] as const)
    expect((await sandbox.tinyrun(args)).stderr).toContain(message);
  await ok('start', 're');
  const before = Date.now();
  await ok('stop', 're');
  expect(Date.now() - before).toBeLessThan(3000);
  expect(await look('{{.State.Status}} {{.State.ExitCode}}')).toBe('exited 7');
  const count = await look('{{.RestartCount}}');
  await ok('ps');
  expect(await look('{{.RestartCount}}')).toBe(count);
});

test.each([
  ['stop', ['stop', '-t', '0', 're']],
  ['kill', ['kill', 're']],
  ['the signal that it is stopped by', ['kill', '-s', 'TERM', 're']],
])('%s is the end of it', async (_, args) => {
  await detached('always', 'trap "exit 5" TERM; while :; do sleep 0.1; done');
  await ok(...args);
  await becomes('{{.State.Status}} {{.RestartCount}}', 'exited 0');
  await ok('start', 're');
  await becomes('{{.State.Status}} {{.RestartCount}}', 'running 0');
});

test('another signal is not, and restart is not an end', async () => {
  await detached('unless-stopped', 'trap "exit 5" HUP; echo up; while :; do sleep 0.1; done');
  await vi.waitFor(async () => expect(await ok('logs', 're')).toBe('up\n'), 60_000);
  await ok('kill', '-s', 'HUP', 're');
  await becomes('{{.State.Status}} {{.RestartCount}}', 'running 1');
  await ok('restart', '-t', '0', 're');
  expect(await look('{{.State.Status}} {{.RestartCount}}')).toBe('running 0');
});

test('wait and rm -f do not wait for the next time', async () => {
  const id = await detached('always', 'sleep 0.3; exit 6');
  expect(await ok('wait', 're')).toBe('6\n');
  await becomes('{{ge .RestartCount 4}} {{.State.Status}}', 'true restarting');
  await ok('rm', '-f', 're');
  expect(existsSync(path.join(sandbox.dir, 'data/containers', id))).toBe(false);
});

test('whoever is killed, the next command has it run again', async () => {
  const id = await detached('always', 'sleep 1000');
  // its monitor
  process.kill(await keeperOf(id), 'SIGKILL');
  await becomes('{{.State.Status}} {{.RestartCount}}', 'running 1');
  // who waits
  await ok('kill', '-s', 'USR1', 're');
  process.kill(Number(await look('{{.State.Pid}}')), 'SIGKILL');
  await becomes('{{.State.Status}}', 'restarting');
  process.kill(await keeperOf(id), 'SIGKILL');
  await becomes('{{.State.Status}} {{ge .RestartCount 2}}', 'running true');
  expect(await ok('logs', 're')).toBe('');
});

// Its monitor is traced from before its program's end into `_ended`, whose process it becomes.
test.each(['execve', 'flock', 'rename'])(
  'at each %s of a monitor and of what it becomes: it runs again all the same',
  async (call) => {
    const log = path.join(sandbox.dir, 'strace');
    let [killed, isHit] = [0, true];
    for (let n = 1; isHit && n <= 20; n++) {
      const id = await detached('always', 'sleep 1000');
      const inject = `-f -e trace=${call} -e inject=${call}:signal=SIGKILL:when=${n} -o ${log}`.split(' ');
      const tracer = spawn('strace', ['-p', String(await keeperOf(id)), ...inject], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const ended = once(tracer, 'close');
      await once(tracer.stderr, 'data'); // it is attached
      tracer.stderr.resume();
      process.kill(Number(await look('{{.State.Pid}}')), 'SIGKILL');
      await becomes('{{.State.Status}} {{ge .RestartCount 1}}', 'running true');
      tracer.kill('SIGTERM');
      await ended;
      isHit = readFileSync(log, 'utf8').includes('killed by SIGKILL');
      if (isHit) killed++;
      await ok('rm', '-f', 're');
    }
    expect(killed).toBeGreaterThan(0);
    expect(isHit).toBe(false);
  },
);

test('update changes the policy of one that runs, and of one that waits', async () => {
  await ok(
    'run',
    '-d',
    '--name',
    're',
    'busybox',
    'sh',
    '-c',
    'trap "exit 5" HUP; echo up; while :; do sleep 0.1; done',
  );
  await vi.waitFor(async () => expect(await ok('logs', 're')).toBe('up\n'), 60_000);
  await ok('update', '--restart', 'on-failure:9', 're');
  await ok('kill', '-s', 'HUP', 're');
  await becomes('{{.State.Status}} {{.RestartCount}}', 'running 1');
  await ok('update', '--restart', 'no', 're');
  await vi.waitFor(async () => expect(await ok('logs', 're')).toBe('up\nup\n'), 60_000);
  await ok('kill', '-s', 'HUP', 're');
  await becomes('{{.State.Status}} {{.RestartCount}} {{.HostConfig.RestartPolicy.Name}}', 'exited 1 no');
  await ok('rm', 're');
  await detached('always', 'exit 7');
  await becomes('{{ge .RestartCount 4}} {{.State.Status}}', 'true restarting');
  await ok('update', '--restart', 'no', 're');
  await becomes('{{.State.Status}}', 'exited');
});

test('what cannot be started any more has ended, with why', async () => {
  await detached('always', 'sleep 0.5; rm -f /bin/sh; exit 1');
  await becomes('{{.State.Status}}', 'exited');
  expect(await look('{{.State.ExitCode}} {{.State.Error}}')).toMatch(
    /^127 exec: "sh": executable file not found/,
  );
});

test('one at rest is not started by who comes upon a directory that is just being claimed for it', async () => {
  await ok('run', '--name', 're', 'busybox', 'true');
  await ok('update', '--restart', 'always', 're');
  const id = await look('{{.Id}}');
  const run = path.join(sandbox.dir, 'run/containers', id);
  mkdirSync(run, { mode: 0o700 });
  writeFileSync(path.join(run, 'lock'), '', { mode: 0o600 });
  expect(await ok('ps', '-a', '--format', '{{.State}}')).toBe('exited\n');
  expect(existsSync(run)).toBe(false);
  const told = await ok(
    'events',
    '--since',
    '1h',
    '--until',
    '0s',
    '--format',
    '{{.Action}}',
    '-f',
    `container=${id}`,
  );
  expect(told.match(/^start$/gm)).toHaveLength(1);
});

/** All that would outlive no reboot goes: monitors, cgroups, the run root. */
async function reboot(): Promise<void> {
  const run = path.join(sandbox.dir, 'run');
  for (const id of readdirSync(path.join(run, 'containers'))) {
    const { cgroup, pid } = JSON.parse(readFileSync(path.join(run, 'containers', id, 'state.json'), 'utf8'));
    const keeper = await keeperOf(id);
    process.kill(keeper, 'SIGKILL');
    await until(() => hasEnded(keeper) && hasEnded(pid));
    const step = { op: 'cgroupRemove', lane: 'host', args: { path: cgroup }, why: 'reboot' } as const;
    launchSync({ plan: { steps: [step] } });
  }
  rmSync(run, { recursive: true });
}

test('after a reboot those run that ran and are to, and of those that were stopped the ones that always are to', async () => {
  const run = (name: string, ...flags: string[]) =>
    ok('run', '-d', '--name', name, ...flags, 'busybox', 'sleep', '1000');
  await run('al', '--restart', 'always');
  await run('stopped-al', '--restart', 'always');
  await run('un', '--restart', 'unless-stopped');
  await run('stopped-un', '--restart', 'unless-stopped');
  await run('fail', '--restart', 'on-failure:1');
  await run('plain');
  await ok('create', '--name', 'never', '--restart', 'always', 'busybox', 'sleep', '1000');
  await ok('stop', '-t', '0', 'stopped-al', 'stopped-un');
  expect(await ok('system', 'start-all')).toBe('stopped-al\n');
  await ok('stop', '-t', '0', 'stopped-al');
  await reboot();
  expect(await ok('ps', '-q')).toBe('');
  expect(await ok('system', 'start-all')).toBe('al\nstopped-al\nun\nfail\n');
  expect(await ok('ps', '--format', '{{.Names}}')).toBe('fail\nun\nstopped-al\nal\n');
  expect(await ok('system', 'start-all')).toBe('');
  await reboot();
  // it does not run any more, and is not to
  await ok('stop', 'un');
  await ok('rm', 'al', 'stopped-al', 'fail');
  expect(await ok('system', 'start-all')).toBe('');
});

test('stop-all ends all in their own way and starts none again; start-all brings back what is to run', async () => {
  const run = (name: string, ...flags: string[]) => ok('run', '-d', '--name', name, ...flags);
  const sleep = ['--stop-timeout', '0', 'busybox', 'sleep', '1000'];
  const willing = ['busybox', 'sh', '-c', 'trap "exit 3" USR1; echo up; while :; do sleep 0.01; done'];
  await run('down-al', '--restart', 'always', '--stop-signal', 'USR1', ...willing);
  while ((await ok('logs', 'down-al')) !== 'up\n');
  await run('down-un', '--restart', 'unless-stopped', ...sleep);
  await run('down-plain', ...sleep);
  await run('down-rm', '--rm', ...sleep);
  expect((await ok('system', 'stop-all')).split('\n')).toEqual(
    expect.arrayContaining(['down-al', 'down-plain', 'down-rm', 'down-un']),
  );
  expect(await ok('ps', '-q')).toBe('');
  expect(await ok('inspect', '-f', '{{.State.ExitCode}} {{.State.Why.Asked.Verb}}', 'down-al')).toBe(
    '3 stop-all\n',
  );
  const started = (await ok('system', 'start-all')).split('\n');
  expect(started.filter((name) => name.startsWith('down'))).toEqual(['down-al', 'down-un']);
  await ok('rm', '-f', 'down-al', 'down-un', 'down-plain');
});

test('start-all tells of what cannot be started, and starts the others', async () => {
  for (const name of ['one', 'two'])
    await ok(
      'run',
      '-d',
      '--restart',
      'always',
      '--name',
      name,
      '-v',
      `${sandbox.dir}/${name}:/x`,
      'busybox',
      'sleep',
      '1000',
    );
  await ok('stop', '-t', '0', 'one', 'two');
  rmSync(path.join(sandbox.dir, 'one'), { recursive: true });
  writeFileSync(path.join(sandbox.dir, 'one'), 'no directory');
  const { code, stdout, stderr } = await sandbox.tinyrun(['system', 'start-all']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: 'two\n' });
  expect(stderr).toMatch(/^tinyrun: .+\n/);
});

test('what cannot be is refused, and nothing is made', async () => {
  for (const [flags, message] of [
    [['--restart', 'sometimes'], "invalid restart policy: unknown policy 'sometimes'"],
    [['--restart', 'always:3'], "maximum retry count can only be used with 'on-failure'"],
    [['--restart', 'on-failure:-1'], 'maximum retry count cannot be negative'],
    [['--rm', '--restart', 'always'], 'cannot specify both --restart and --rm'],
  ] as const) {
    const { code, stderr } = await sandbox.tinyrun(['run', ...flags, 'busybox', 'true']);
    expect([code, stderr]).toEqual([125, expect.stringContaining(message)]);
  }
  expect(await ok('ps', '-aq')).toBe('');
});
