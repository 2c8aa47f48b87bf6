// What there is changed while it is there. Limits of a running one are in test/vm/limits.test.ts: this host may not keep them.
import { afterAll, expect, test } from 'vitest';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
afterAll(() => sandbox.close());

const ours = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await sandbox.tinyrun(args);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return stdout;
};

const refused = async (...args: string[]) => {
  const { code, stderr, stdout } = await sandbox.tinyrun(['update', ...args]);
  return { code, stdout, said: stderr.split('\n').filter((line) => line.startsWith('tinyrun:')) };
};

test('a change holds from the next start on, is in inspect, and prints names', async () => {
  await ours(
    'create',
    '--name',
    'web',
    '-e',
    'A=1',
    '-e',
    'B=2',
    '-l',
    'a=1',
    'busybox',
    'sh',
    '-c',
    'env; ulimit -n',
  );
  await ours('create', '--name', 'db', 'busybox', 'true');
  const changes = [
    '-e',
    'B=3',
    '-l',
    'b=2',
    '--ulimit',
    'nofile=77',
    '--stop-timeout',
    '3',
    '--stop-signal',
    'INT',
  ];
  const format =
    '{{json .Config.Labels}} {{.Config.StopTimeout}} {{.Config.StopSignal}} {{json .HostConfig.LogConfig.Config}}';
  expect(await ours('update', ...changes, '--log-opt', 'max-size=5k', 'web', 'db')).toBe('web\ndb\n');
  expect(await ours('inspect', '-f', format, 'web')).toBe('{"a":"1","b":"2"} 3 SIGINT {"max-size":"5000"}\n');
  expect(await ours('start', '-a', 'web')).toMatch(/^A=1\n(?:.*\n)*B=3\n(?:.*\n)*77\n$/m);
  expect(await ours('ps', '-aq', '--filter', 'label=b=2')).toMatch(/^\w+\n\w+\n$/);
});

test('what cannot be changes nothing', async () => {
  await ours('create', '--name', 'same', 'busybox', 'true');
  const before = await ours('inspect', 'same');
  expect(await refused('same')).toEqual({
    code: 1,
    stdout: '',
    said: ['tinyrun: you must provide one or more flags when using this command'],
  });
  expect((await refused('-m', '3m', '--memory-swap', '9m', 'same')).said).toEqual([
    'tinyrun: --memory "3m": minimum memory limit allowed is 6MB',
  ]);
  expect((await refused('-m', '50m', '--memory-swap', '10m', 'same')).said).toEqual([
    'tinyrun: --memory-swap "10m": minimum memoryswap limit should be larger than memory limit',
  ]);
  expect((await refused('-m', '50m', 'same')).said[0]).toContain(
    'Memory limit should be smaller than already set memoryswap limit',
  );
  expect((await refused('--cpus', '9999', 'same')).said[0]).toContain('range of CPUs is from 0.01 to');
  expect(await refused('-e', 'X=1', 'same', 'nobody')).toEqual({
    code: 1,
    stdout: 'same\n',
    said: ['tinyrun: no such container: nobody'],
  });
  expect(await ours('update', '-e', 'X=1', 'same')).toBe('same\n');
  const strip = (text: string) => text.replace('"X=1",', '').replace(/\s+/g, '');
  expect(strip(await ours('inspect', 'same'))).toBe(strip(before));
});
