// Health checks: what a program in the container says of it, and who is told.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../../src/library/engine.ts';
import { until } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(async () => {
  const left = (await sandbox.tinyrun(['ps', '-aq'])).stdout.split('\n').filter(Boolean);
  if (left.length > 0) await sandbox.tinyrun(['rm', '-f', ...left]);
  await sandbox.close();
});

const engine = () => createEngine({ dataRoot: `${sandbox.dir}/data`, runRoot: `${sandbox.dir}/run` });
const health = (name: string) => engine().container(name).inspect().health;
const out = async (...args: string[]) => {
  const { code, stdout, stderr } = await sandbox.tinyrun(args);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
};

test('starting, healthy, unhealthy, healthy: in ps, inspect, filters and events', async () => {
  const flags = ['--health-interval', '50ms', '--health-retries', '2', '-u', '5:6', '-w', '/tmp'];
  const check = 'echo $(id -u) $PWD >/dev/stdout; test -e /dev/shm/well';
  await out(
    'run',
    '-d',
    '--name',
    'web',
    ...flags,
    '--health-start-period',
    '1h',
    '--health-start-interval',
    '1ms',
    '--health-cmd',
    check,
    'busybox',
    'sleep',
    '1000',
  );
  await until(() => (health('web')?.Log.length ?? 0) > 0);
  expect(health('web')).toMatchObject({ Status: 'starting', FailingStreak: 0 });
  expect(await out('ps', '--format', '{{.Status}}')).toMatch(/^Up .* \(health: starting\)$/);
  await out('exec', 'web', 'touch', '/dev/shm/well');
  await until(() => health('web')?.Status === 'healthy');
  await out('exec', 'web', 'rm', '/dev/shm/well');
  await until(() => health('web')?.Status === 'unhealthy');
  expect(health('web')?.Log.at(-1)).toMatchObject({ ExitCode: 1, Output: '5 /tmp\n' });
  expect(await out('ps', '--format', '{{.Status}}')).toMatch(/^Up .* \(unhealthy\)$/);
  expect(await out('ps', '-q', '-f', 'health=unhealthy')).toMatch(/^[0-9a-f]{12}$/);
  expect(await out('ps', '-q', '-f', 'health=healthy', '-f', 'health=starting')).toBe('');

  const told = await out('inspect', '-f', '{{json .Config.Healthcheck}} {{.State.Health.Status}}', 'web');
  const Healthcheck = JSON.stringify({
    Test: ['CMD-SHELL', check],
    Interval: 5e7,
    StartPeriod: 36e11,
    StartInterval: 1e6,
    Retries: 2,
  });
  expect(told).toBe(`${Healthcheck} unhealthy`);
  const events = await out(
    'events',
    '--since',
    '1h',
    '--until',
    '0s',
    '--filter',
    'event=health_status',
    '--format',
    '{{.Action}}',
  );
  expect(events.split('\n')).toEqual(['health_status: healthy', 'health_status: unhealthy']);

  // paused, it is left alone; started again, nothing is known of it
  await out('pause', 'web');
  const { Log: before } = health('web') ?? {};
  await out('unpause', 'web');
  await until(() => health('web')?.Log.at(-1)?.Start !== before?.at(-1)?.Start);
  await out('stop', '-t', '0', 'web');
  expect(health('web')?.Status).toBe('unhealthy');
  await out('start', 'web');
  expect(health('web')?.Status).toBe('starting');
  await out('rm', '-f', 'web');
});

test('update changes it while it runs, and for its next start', async () => {
  const name = ['run', '-d', '--name', 'changed', '--no-healthcheck', 'busybox', 'sleep', '1000'] as const;
  await out(...name);
  expect(health('changed')).toBe(undefined);
  const refused = await sandbox.tinyrun(['update', '--health-retries', '2', 'changed']);
  expect(refused.stderr).toMatch(/^tinyrun: --health-retries "2": it has no health check\n.*--health-cmd/);
  const often = ['--health-interval', '20ms', '--health-retries', '1'];
  await out('update', '--health-cmd', 'echo one', ...often, 'changed');
  await until(() => health('changed')?.Status === 'healthy');
  expect(await out('inspect', '-f', '{{json .Config.Healthcheck}}', 'changed')).toBe(
    JSON.stringify({ Test: ['CMD-SHELL', 'echo one'], Interval: 2e7, Retries: 1 }),
  );
  // at once, and what was is forgotten; the rest of it stays
  await out('update', '--health-cmd', 'echo two; exit 4', 'changed');
  expect(health('changed')?.Log.some(({ Output }) => Output === 'one\n')).toBe(false);
  await until(() => health('changed')?.Status === 'unhealthy');
  expect(health('changed')?.Log.at(-1)).toMatchObject({ ExitCode: 4, Output: 'two\n' });
  const told = ['--since', '1h', '--until', '0s', '--filter', 'container=changed', '--format', '{{.Action}}'];
  const actions = (await out('events', ...told)).split('\n');
  // its monitor may be quicker than the command that told it
  expect(actions.filter((action) => action === 'update')).toHaveLength(2);
  expect(actions.filter((action) => action.startsWith('health'))).toEqual([
    'health_status: healthy',
    'health_status: unhealthy',
  ]);
  await out('update', '--no-healthcheck', 'changed');
  expect(health('changed')).toBe(undefined);
  await out('stop', '-t', '0', 'changed');
  await out('update', '--health-cmd', 'echo three', ...often, 'changed');
  await out('start', 'changed');
  await until(() => health('changed')?.Log.at(-1)?.Output === 'three\n');
  await out('rm', '-f', 'changed');
});

test('a foreground one is told of, too, and what is asked for in vain is refused', async () => {
  const run = sandbox.tinyrun([
    'run',
    '--rm',
    '--name',
    'front',
    '--health-cmd',
    'exit 3',
    '--health-interval',
    '1ms',
    '--health-retries',
    '1',
    'busybox',
    'sh',
    '-c',
    'until [ -e /end ]; do sleep 0.01; done',
  ]);
  await until(() => {
    try {
      return health('front')?.Status === 'unhealthy';
    } catch {
      return false;
    }
  });
  await out('exec', 'front', 'touch', '/end');
  expect(await run).toMatchObject({ code: 0, stderr: '' });
  const refused = async (...flags: string[]) =>
    (await sandbox.tinyrun(['run', '--rm', ...flags, 'busybox', 'true'])).stderr;
  expect(await refused('--no-healthcheck', '--health-retries', '1')).toMatch(
    /conflicts with --health-\* options/,
  );
  expect(await refused('--health-timeout', '-1s')).toMatch(
    /^tinyrun: --health-timeout "-1s": cannot be negative/,
  );
  expect(await refused('--health-interval', '1us')).toMatch(
    /--health-interval "1us": cannot be less than 1ms/,
  );
});
