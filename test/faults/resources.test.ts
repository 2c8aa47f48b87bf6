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

/** A bash on a small disk of its own; it answers all that was printed, with `[N]` behind each line's command. */
async function onSmallDisk(size: string, lines: readonly string[]): Promise<string> {
  const small = path.join(sandbox.dir, 'small');
  mkdirSync(small, { recursive: true });
  const script = [
    `exec 2>&1; mount -t tmpfs -o size=${size} tmpfs ${small}`,
    `t() { "$0" --data-root ${small} "$@"; echo "[$?]"; }`,
    `fill() { cat /dev/zero >${small}/fill 2>/dev/null; }`,
    `free() { rm ${small}/fill; }`,
    ...lines,
  ];
  const { stdout } = await execute('unshare', ['-m', 'bash', '-c', script.join('\n'), TINYRUN], {
    env: sandbox.env,
  });
  return stdout.replace(/^.*no registry answered.*\n/, '').replaceAll(/[0-9a-f]{64}/g, '<id>');
}

const WILLING = `sh -c 'trap "exit 3" TERM; echo up; while :; do sleep 0.05; done'`;

test('the disk is full while containers run: they are seen, ended and removed all the same', async () => {
  const said = await onSmallDisk('8m', [
    ...['killed', 'stopped', 'removed'].map((name) => `t run -d --name ${name} busybox ${WILLING}`),
    `t run -d --restart always --name again busybox ${WILLING}`,
    'fill',
    't kill killed',
    't wait killed',
    "t ps -a --format '{{.Names}} {{.State}}'",
    "t inspect -f '{{.State.Status}} {{.State.ExitCode}}' killed",
    't logs killed',
    't exec stopped true',
    't stop stopped',
    "t inspect -f '{{.State.Status}} {{.State.ExitCode}}' stopped",
    't stop again',
    "t ps -a --format '{{.Names}} {{.State}}'",
    // what the first frees is taken again
    't rm -f removed; fill',
    't rm killed; fill',
    't rm -f again',
    'free',
    't start stopped',
    't rm -f stopped',
    't ps -aq',
  ]);
  expect(said.replaceAll(/^hint: .*\n/gm, '').split('\n')).toEqual([
    ...['<id>', '[0]', '<id>', '[0]', '<id>', '[0]', '<id>', '[0]'],
    ...['killed', '[0]', '137', '[0]'],
    ...['again running', 'removed running', 'stopped running', 'killed exited', '[0]'],
    ...['exited 137', '[0]', 'up', '[0]', '[0]'],
    ...['stopped', '[0]', 'exited 3', '[0]'],
    expect.stringMatching(/^tinyrun: stop again: it has stopped, but may start again after a reboot: ENOSPC/),
    '[1]',
    ...['again exited', 'removed running', 'stopped exited', 'killed exited', '[0]'],
    ...['removed', '[0]', 'killed', '[0]', 'again', '[0]'],
    ...['stopped', '[0]', 'stopped', '[0]', '[0]', ''],
  ]);
});

test('a log that had no room to its end says what it lost', async () => {
  const count = `awk '/lines? of this log lost: no space left on device/ { lost += $2; next } { kept++ } END { print (lost > 0), (kept > 0), lost + kept }'`;
  const said = await onSmallDisk('8m', [
    `t run -d --name full busybox sh -c 'yes | head -n 500000; echo end; exit 3'`,
    't wait full',
    `t logs full 2>&1 | grep -v '^.0.$' | ${count}`,
    't rm full',
  ]);
  expect(said).toBe('<id>\n[0]\n3\n[0]\n1 1 500001\nfull\n[0]\n');
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
