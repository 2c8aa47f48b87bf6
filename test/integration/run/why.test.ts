// Nobody has to guess what 137 was.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
afterAll(() => sandbox.close());

const ours = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await sandbox.tinyrun(args);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return stdout;
};
const why = async (name: string) => JSON.parse(await ours('why', '--json', name));
const begin = (name: string, ...args: string[]) =>
  ours('run', '-d', '--name', name, ...args, 'busybox', 'sleep', '1000');
const pidOf = async (name: string) => Number(await ours('inspect', '-f', '{{.State.Pid}}', name));
/** A container is waited for until it has ended, and is taken back. */
const ended = (name: string) => ours('wait', name);

test('who killed it is in why, and in inspect', async () => {
  const names = ['kill', 'stop', 'outside', 'monitor', 'rm'];
  await begin('warm');
  await Promise.all(names.map((name) => begin(`c-${name}`)));
  expect(await why('c-kill')).toMatchObject({
    Status: 'running',
    Reason: 'running',
    Text: 'it runs',
    Hindrance: '',
  });

  await ours('kill', '-s', 'HUP', 'c-kill');
  await ours('kill', 'c-kill');
  await ours('stop', '-t', '0', 'c-stop');
  process.kill(await pidOf('c-outside'), 'SIGKILL');
  const pid = await pidOf('c-monitor');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  process.kill(Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]), 'SIGKILL');
  for (const name of ['c-kill', 'c-stop', 'c-outside', 'c-monitor']) expect(await ended(name)).toBe('137\n');

  expect(await why('c-kill')).toMatchObject({
    Reason: 'signal',
    ExitCode: 137,
    Signal: 'SIGKILL',
    By: { Verb: 'kill', Signal: 'SIGKILL', Uid: 0, From: expect.stringMatching(/./) },
  });
  expect(await why('c-stop')).toMatchObject({
    Reason: 'grace over',
    By: { Verb: 'stop', Signal: 'SIGKILL' },
    Asked: { Verb: 'stop', Signal: 'SIGTERM' },
  });
  expect(await why('c-outside')).toMatchObject({ Reason: 'signal', Signal: 'SIGKILL', By: null });
  expect(await why('c-monitor')).toMatchObject({ Reason: 'lifeline killed', By: null });
  expect(await ours('inspect', '-f', '{{.State.Why.Reason}} {{.State.Why.By.Verb}}', 'c-kill')).toBe(
    'signal kill\n',
  );

  // of an earlier life
  await ours('start', 'c-kill');
  expect((await why('c-kill')).By).toBeNull();
  await ours('rm', '-f', 'c-kill', 'c-rm', 'warm');
});

test('what it wrote last, and what keeps it from starting', async () => {
  const script = 'for i in 1 2 3 4 5 6; do echo $i; done; printf "\\033[2J"; nowhere';
  await sandbox.tinyrun(['run', '--name', 'wrote', 'busybox', 'sh', '-c', script]);
  const found = await why('wrote');
  expect(found).toMatchObject({ Reason: 'ended', ExitCode: 127, Hindrance: '' });
  expect(found.Log.slice(0, 3)).toEqual(['4', '5', '6']);
  expect(found.Log).toHaveLength(5);
  const shown = await ours('why', '-n', '2', 'wrote');
  expect(shown).toContain('ended with 127: what it was to run is not there');
  expect(shown).toContain('\\x1b[2J');
  expect(shown).not.toContain('\u001b');
  expect(await ours('why', '--format', '{{.Name}} {{.Reason}}', 'wrote')).toBe('wrote ended\n');

  const gone = path.join(sandbox.dir, 'gone');
  await ours('create', '--name', 'bound', '-v', `${gone}:/x`, 'busybox', 'nowhere');
  expect((await sandbox.tinyrun(['start', 'bound'])).code).toBe(1);
  expect(await why('bound')).toMatchObject({
    Reason: 'not started',
    ExitCode: 127,
    Message: expect.stringContaining('nowhere'),
  });
  const [layer = ''] = JSON.parse(
    await ours('inspect', '-f', '{{json .GraphDriver.Data.LowerDir}}', 'bound'),
  ).split(':');
  expect(existsSync(layer)).toBe(true);
  rmSync(layer);
  expect((await why('bound')).Hindrance).toMatch(/a layer of its image sha256:\w+ is gone/);
});

test('what is not there is refused as ever', async () => {
  expect(await sandbox.tinyrun(['why', 'nobody'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no such container: nobody'),
  });
});
