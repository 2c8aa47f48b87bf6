// A program that is run in a hostile container: the caller's descriptors, the container's account files, its null device.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { execute, TINYRUN } from '../support/programs.ts';
import { RunningContainer } from '../support/running.ts';
import { Sandbox } from '../support/sandbox.ts';
import { HOLD, HUNTER, swapWhile } from './support.ts';

const sandbox = new Sandbox();
let prey: RunningContainer;
beforeAll(async () => {
  await sandbox.layer();
  prey = await RunningContainer.start(sandbox, 'prey', 'busybox', 'sleep', '1000');
});
afterEach(() => sandbox.checkHost());
afterAll(async () => {
  await prey.remove();
  await sandbox.close();
});

const exec = (...args: string[]) => sandbox.tinyrun(['exec', ...args]);
const sh = (script: string) => exec('prey', 'sh', '-c', script);
const file = (name: string, text: string) => {
  const at = path.join(sandbox.dir, name);
  writeFileSync(at, text, { mode: 0o666 });
  return at;
};

test('a file given for reading is not written, a log given for appending neither read nor cut off', async () => {
  const [input, log] = [file('input', 'as it was\n'), file('log', 'earlier\n')];
  const script =
    'cat; echo changed >/proc/self/fd/0; : >/proc/self/fd/1; : >/dev/stderr; chmod 0 /proc/self/fd/0; for n in 0 1 2; do readlink /proc/self/fd/$n; done';
  const line = `"$0" exec -i prey sh -c '${script}' <${input} >>${log} 2>/dev/null`;
  await execute('sh', ['-c', line, TINYRUN], { env: sandbox.env });
  expect(readFileSync(input, 'utf8')).toBe('as it was\n');
  expect(statSync(input).mode & 0o777).not.toBe(0);
  expect(readFileSync(log, 'utf8')).toMatch(/^earlier\nas it was\n(pipe:\[\d+\]\n){3}$/);
});

test('the caller’s terminal without -t: neither read nor typed into', async () => {
  const script =
    'for n in 0 1 2; do readlink /proc/self/fd/$n; test -t $n && echo terminal; done; ls /proc/self/fd';
  const line = `${TINYRUN} exec prey sh -c "${script.replaceAll('$', '\\$')}"`;
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    env: sandbox.env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let seen = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    seen += chunk;
  });
  await once(child, 'close');
  expect(seen.replaceAll('\r', '')).toMatch(/^\/dev\/null\n(pipe:\[\d+\]\n){2}0\n1\n2\n3\n$/);
});

test('names are looked up in the container, wherever its /etc/passwd leads, and nobody waits for it', async () => {
  const passwd = file('passwd', 'evil:x:0:0::/:/bin/sh\n');
  await sh(`mv /etc/passwd /etc/passwd.old; ln -s ${passwd} /etc/passwd`);
  const unknown = { code: 126, stderr: expect.stringContaining("no matching entry in the container's") };
  expect(await exec('-u', 'evil', 'prey', 'true')).toMatchObject(unknown);
  await sh(`ln -sfn ${'../'.repeat(30)}${passwd} /etc/passwd`);
  expect(await exec('-u', 'evil', 'prey', 'true')).toMatchObject(unknown);
  await sh(`ln -sfn /proc/1/root${passwd} /etc/passwd`);
  expect(await exec('-u', 'evil', 'prey', 'true')).toMatchObject(unknown);
  await sh('rm /etc/passwd; mkfifo /etc/passwd');
  expect(await exec('-u', 'evil', 'prey', 'true')).toMatchObject(unknown);
  await sh('rm /etc/passwd; mv /etc/passwd.old /etc/passwd');
});

test('-d: what it reads is the null device of the container, or nothing', async () => {
  const { mode, uid } = statSync('/dev/null');
  const chmod = 'chmod 600 /proc/self/fd/0; chown 5 /proc/self/fd/0';
  expect(await exec('-d', 'prey', 'sh', '-c', chmod)).toMatchObject({ code: 0 });
  for (const other of [
    'mknod /dev/null c 1 5',
    'mkfifo /dev/null',
    `ln -s ${file('target', '')} /dev/null`,
  ]) {
    await sh(`rm -f /in /dev/null; ${other}`);
    const script = 'readlink /proc/$$/fd/0 >/in.new; mv /in.new /in';
    expect(await exec('-d', 'prey', 'sh', '-c', script)).toMatchObject({ code: 0, stderr: '' });
    let seen = '';
    while (seen === '') seen = (await sh('cat /in 2>&-')).stdout;
    expect(seen).toMatch(/^pipe:\[\d+\]\n$/);
  }
  expect(statSync('/dev/null')).toMatchObject({ mode, uid });
  await sh('rm /dev/null; mknod -m 666 /dev/null c 1 3');
});

test('the null device is exchanged between the look at it and its opening: what is opened is the one looked at', async () => {
  await sh('mknod /dev/other c 1 5');
  const dev = `/proc/${(await prey.state()).Pid}/root/dev`;
  const seen = new Set<string>();
  const held = 'strace -f -qq -o /dev/null -e trace=openat2 -e inject=openat2:delay_exit=5000'.split(' ');
  const look = ['exec', 'prey', 'stat', '-Lc', '%t:%T', '/proc/self/fd/0'];
  const many = async () => {
    for (let n = 0; n < 20; n++) seen.add((await sandbox.under(held, TINYRUN, look)).stdout.trim());
  };
  await swapWhile(`${dev}/null`, `${dev}/other`, many());
  // the null device, or a pipe; never /dev/zero
  expect([...seen].sort()).toEqual(expect.arrayContaining(['1:3']));
  expect([...seen].filter((device) => device !== '1:3' && device !== '0:0')).toEqual([]);
  await sh('rm /dev/other');
});

test('what the container’s programs can take hold of has the capabilities, the filter and no more files than its program', async () => {
  let caught = false;
  const hunter = sandbox
    .tinyrun(['run', '--rm', '--name', 'hunter', '--cap-add', 'SYS_PTRACE', 'busybox', 'sh', '-c', HUNTER])
    .finally(() => {
      caught = true;
    });
  while (!caught) await sandbox.under(HOLD, TINYRUN, ['exec', 'hunter', '/bin/true']);
  // Docker's fourteen and SYS_PTRACE
  const mask = (0xa80425fbn | (1n << 19n)).toString(16).padStart(16, '0');
  // what it was given as input, looked at: the container's own
  expect((await hunter).stdout.replace('LEADS /dev/null\n', '')).toBe(
    `hunting\n${['CapPrm', 'CapEff', 'CapBnd'].map((name) => `${name}:\t${mask}\n`).join('')}Seccomp:\t2\nend\n`,
  );
});
