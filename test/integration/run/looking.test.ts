// Looking into a container: its processes, what it has changed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AT_FDCWD, native } from '../../../src/native/index.ts';
import { RunningContainer } from '../../support/running.ts';
import { Sandbox } from '../../support/sandbox.ts';
import { Terminal } from '../../support/terminal.ts';

const sandbox = new Sandbox();
let web: RunningContainer;
beforeAll(async () => {
  await sandbox.layer();
  const script = 'echo x >>/etc/passwd; trap exit TERM; sleep 2001 & wait';
  web = await RunningContainer.start(sandbox, 'web', '-v', '/tmp:/mnt/deep', 'busybox', 'sh', '-c', script);
});
afterAll(async () => {
  await web.remove();
  await sandbox.close();
});

describe('top', () => {
  const cells = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.trim().split(/ {2,}/));

  test('is as ps -ef shows them on the host, in Docker’s columns', async () => {
    await sandbox.tinyrun(['exec', '-d', '-u', '5', 'web', 'sleep', '2002']);
    const { Pid } = await web.state();
    const { stdout, stderr } = await sandbox.tinyrun(['top', 'web']);
    expect(stderr).toBe('');
    const [titles, ...rows] = cells(stdout);
    expect(titles).toEqual(['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
    expect(rows.map((row) => row[7]).sort()).toEqual([
      'sh -c echo x >>/etc/passwd; trap exit TERM; sleep 2001 & wait',
      'sleep 2001',
      'sleep 2002',
    ]);
    expect(stdout).toMatch(/^UID {17}PID {17}PPID {16}C/);
    // what ps itself says of them, but for what changes meanwhile
    const pids = rows.map((row) => row[1] ?? '');
    expect(pids).toContain(String(Pid));
    const ps = execFileSync('ps', ['-f', '-p', pids.join(',')], { encoding: 'utf8' });
    const own = ps.trimEnd().split('\n').slice(1);
    const stable = (row: readonly string[]) => [row[0], row[1], row[2], row[4], row[5], row[7]].join(' ');
    expect(rows.map(stable).sort()).toEqual(
      own
        .map(
          (line) =>
            /^(\S+ +){7}/
              .exec(line)?.[0]
              .trim()
              .split(/ +/)
              .concat(line.replace(/^(\S+ +){7}/, '')) ?? [],
        )
        .map(stable)
        .sort(),
    );
  });

  test('with options of ps; those that Docker refuses', async () => {
    const { stdout } = await sandbox.tinyrun(['top', 'web', '-o', 'pid,args']);
    const [titles, ...rows] = cells(stdout);
    expect(titles).toEqual(['PID', 'COMMAND']);
    expect(rows).toHaveLength(3);
    for (const [options, words] of [
      [['-o', 'uid'], "Couldn't find PID field in ps output"],
      [['-o', 'ppid=PID'], 'specifying "ppid=PID" is not allowed'],
      [['--nonsense'], 'ps --nonsense: error: unknown gnu long option'],
    ] as const)
      expect(await sandbox.tinyrun(['top', 'web', ...options])).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining(words),
      });
  });
});

describe('diff', () => {
  const CHANGE = [
    'mkdir -p /made/deep; echo >/made/deep/file; rm /bin/ls; rm -r /home; mkdir /home',
    'ln -s /etc /link; mkfifo /pipe; mknod /null c 1 3; touch /etc/fresh; chmod 711 /root',
    'chown 5 /etc/group; echo y >>/etc/passwd; : >/etc/hosts; chmod 600 /etc/hostname; rm -rf /usr',
  ].join('; ');
  const WANTED = `C /bin
D /bin/ls
C /etc
A /etc/fresh
C /etc/group
C /etc/passwd
A /link
A /made
A /made/deep
A /made/deep/file
A /mnt
A /mnt/deep
A /null
A /pipe
C /root
D /usr
`;

  test('of a running container, then of the same when it has ended; links are not followed', async () => {
    const before = await sandbox.tinyrun(['diff', 'web']);
    expect(before.stdout).toBe('C /etc\nC /etc/passwd\nA /mnt\nA /mnt/deep\n');
    await sandbox.tinyrun(['exec', 'web', 'sh', '-c', CHANGE]);
    const lines = async () => (await sandbox.tinyrun(['diff', 'web'])).stdout.replace(/^. \/home.*\n/gm, '');
    expect(await lines()).toBe(WANTED);
    await web.end();
    expect(await lines()).toBe(WANTED);
  });

  test('over several layers; what a layer has removed already is no change', async () => {
    const id = (await sandbox.tinyrun(['inspect', '-f', '{{.Id}}', 'web'])).stdout.trim();
    const file = path.join(sandbox.dir, 'data/containers', id, 'container.json');
    const record = JSON.parse(readFileSync(file, 'utf8'));
    const top = path.join(sandbox.dir, 'top');
    mkdirSync(path.join(top, 'bin'), { recursive: true });
    mkdirSync(path.join(top, 'only-there'));
    native().mknodat(AT_FDCWD, path.join(top, 'bin/ls'), 0o020000, 0, 0);
    record.image.layers.unshift(top);
    writeFileSync(file, JSON.stringify(record), { mode: statSync(file).mode });
    const { stdout } = await sandbox.tinyrun(['container', 'diff', 'web']);
    expect(stdout.replace(/^. \/home.*\n/gm, '')).toBe(WANTED.replace('C /bin\nD /bin/ls\n', ''));
  });
});

test('version, info and port answer as docker’s', async () => {
  const out = async (...args: string[]) => (await sandbox.tinyrun(args)).stdout;
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(await out('version', '--format', '{{.Server.Version}} {{.Client.Os}}')).toBe(`${version} linux\n`);
  expect(JSON.parse(await out('version', '-f', '{{json .Server}}'))).toMatchObject({ ApiVersion: '1.50' });
  expect(await out('version')).toMatch(/^Client:\n Version: {11}\S+\n/);
  const info = JSON.parse(await out('system', 'info', '--format', 'json'));
  expect(info).toMatchObject({ Containers: 1, Images: 1, DockerRootDir: path.join(sandbox.dir, 'data') });
  expect(await out('info')).toContain('\n Containers: 1\n');
  expect(await sandbox.tinyrun(['info', '-f', '{{.Nope}}'])).toMatchObject({ code: 1, stdout: '' });
  expect(await sandbox.tinyrun(['port', 'web'])).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await sandbox.tinyrun(['container', 'port', 'web', '80'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("No public port '80' published for web"),
  });
});

test('stats: what a container uses, once, or again and again as long as it is there', async () => {
  await web.end();
  const once = await sandbox.tinyrun(['stats', '--no-stream', '-a']);
  expect(once.stdout).toMatch(
    /^CONTAINER ID {3}NAME {6}CPU % {5}MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS\n/,
  );
  expect(once.stdout).toMatch(/^[0-9a-f]{12} +web +0\.00% +0B \/ 0B +0\.00% +0B \/ 0B +0B \/ 0B +0$/m);
  expect((await sandbox.tinyrun(['stats', '--no-stream', '--format', '{{.Name}}'])).stdout).toBe('');
  const busy = await RunningContainer.start(sandbox, 'busy', 'busybox', 'sh', '-c', 'while :; do :; done');
  const { stdout } = await sandbox.tinyrun(['stats', '--no-stream', '--format', 'json', 'busy']);
  const row = JSON.parse(stdout);
  expect(row).toMatchObject({ Container: 'busy', Name: 'busy', PIDs: '1', NetIO: '0B / 0B' });
  expect(Number.parseFloat(row.CPUPerc)).toBeGreaterThan(5);
  const terminal = new Terminal(sandbox, 'stats', 'busy');
  // a dot: the escape before each
  await terminal.until(/^.\[2J.\[HCONTAINER/);
  await terminal.until(/ busy /);
  await terminal.until(/.\[J.\[HCONTAINER/);
  await busy.remove();
  expect(await terminal.ended).toBe(0);
  terminal.close();
});
