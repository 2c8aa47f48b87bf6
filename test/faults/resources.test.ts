// The host runs out of something: one clear line, exit code 125, nothing left, and it works again.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { execute, TINYRUN } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
afterAll(() => sandbox.close());

const left = () => {
  const dir = path.join(sandbox.dir, 'run/containers');
  return existsSync(dir) ? readdirSync(dir) : [];
};

test('a full disk', async () => {
  const small = path.join(sandbox.dir, 'small');
  mkdirSync(small);
  // The mount lives in a namespace of its own and goes with it.
  const script = `mount -t tmpfs -o size=300k tmpfs ${small}
    "$0" --data-root ${small} run --rm busybox true; echo "code $?"
    find ${small} -type f -size +100k | head; mount -o remount,size=40m ${small}
    "$0" --data-root ${small} run --rm busybox echo again`;
  const { stdout, stderr } = await execute('unshare', ['-m', 'sh', '-c', script, TINYRUN], {
    env: sandbox.env,
  });
  expect(stdout, stderr).toBe('code 125\nagain\n');
  expect(stderr).toMatch(/^tinyrun: .*(no space|ENOSPC)/im);
  expect(left()).toEqual([]);
});

test.each([
  ['the command', ['--rm']],
  ['a monitor', ['--name', 'kept']],
])('no more file descriptors, %s the parent', async (_, flags) => {
  await sandbox.layer();
  const under = (limit: number, ...args: string[]) =>
    execute('prlimit', [`--nofile=${limit}`, TINYRUN, ...args], { env: sandbox.env });
  // from what node itself takes up to what a run takes: wherever it is that there is none left
  let limit = 16;
  while ((await under(limit, '--version')).code !== 0) limit++;
  let failed = 0;
  for (let code = -1; code !== 0; limit++) {
    const result = await under(limit, 'run', ...flags, 'busybox', 'true');
    code = result.code;
    if (code !== 0) expect(result.stderr, `nofile ${limit}`).toMatch(/^tinyrun: .*EMFILE/);
    failed += code === 0 ? 0 : 1;
    expect(left(), `nofile ${limit}`).toEqual([]);
  }
  expect(failed).toBeGreaterThan(5);
  await sandbox.tinyrun(['rm', '-f', 'kept']);
  expect((await sandbox.sh([], 'echo again')).stdout).toBe('again\n');
});

test('a damaged record of another container is passed by', async () => {
  const damaged = path.join(sandbox.dir, 'data/containers', 'f'.repeat(64));
  mkdirSync(damaged, { recursive: true });
  writeFileSync(path.join(damaged, 'container.json'), '{"half": ');
  expect(await sandbox.sh([], 'echo hello')).toEqual({ code: 0, stdout: 'hello\n', stderr: '' });
  expect(existsSync(path.join(damaged, 'container.json'))).toBe(true);
});

test('no root', async () => {
  await sandbox.layer();
  const { code, stderr } = await execute(
    'setpriv',
    ['--reuid=65534', '--regid=65534', '--clear-groups', TINYRUN, 'run', '--rm', 'busybox', 'true'],
    {
      env: sandbox.env,
    },
  );
  expect(code).toBe(125);
  expect(stderr).toMatch(/^tinyrun: [^\n]+\nhint: [^\n]+\n$/);
});
