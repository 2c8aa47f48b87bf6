// SIGUSR1 opens no debugger in any command that waits: from the first instruction of node to the last of ours. A
// container with the host's pids and network could send it, connect to 127.0.0.1:9229 and be root of the host.
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TINYRUN, TINYRUNC, until } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const LISTEN = '0A';

/** The sockets that listen for TCP in a process's network, by their inode. */
function listening(pid: number): Set<string> {
  const inodes = new Set<string>();
  for (const table of ['tcp', 'tcp6'])
    for (const line of readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] === LISTEN) inodes.add(`socket:[${fields[9]}]`);
    }
  return inodes;
}

/** What of a process listens; nothing where it has ended. */
function listenersOf(pid: number): string[] {
  try {
    const all = listening(pid);
    const links = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkOr(`/proc/${pid}/fd/${fd}`));
    return links.filter((link) => all.has(link));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toMatch(/ENOENT|ESRCH/);
    return [];
  }
}

function readlinkOr(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

/** Signals of a process, as a mask of proc_pid_status(5). */
function mask(pid: number, name: 'SigCgt' | 'SigBlk'): bigint {
  const [, hex = '0'] =
    new RegExp(`^${name}:\\s+(\\w+)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return BigInt(`0x${hex}`);
}

/** Sends SIGUSR1 again and again from the first moment on, until the command waits and for a while after. */
async function besiege(child: ChildProcess, waits: () => boolean): Promise<string[]> {
  const found = new Set<string>();
  const pid = child.pid ?? 0;
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  for (let after = 0; after < 60 && !hasEnded(); after += waits() ? 1 : 0) {
    child.kill('SIGUSR1');
    for (const listener of listenersOf(pid)) found.add(listener);
    await turn();
  }
  return [...found];
}

interface Siege {
  /** Whether the command has come to where it waits, by what it has printed. */
  readonly waits?: (text: string) => boolean;
  /** Whether anybody reads what it prints. */
  readonly drains?: boolean;
}

/** A command under siege, ended in the end; `stdin` stays open. */
async function siege(
  file: string,
  args: readonly string[],
  { waits = () => true, drains = true, ...options }: SpawnOptions & Siege = {},
) {
  const child = spawn(file, args, { env: sandbox.env, stdio: ['pipe', 'pipe', 'pipe'], ...options });
  let text = '';
  for (const stream of drains ? [child.stdout, child.stderr] : [])
    stream?.on('data', (chunk) => (text += chunk));
  // not its streams' end: a container of tinyrunc's outlives the command
  const exit = once(child, 'exit');
  // before its first line the launcher's shell dies of the signal, which is no debugger: wait for node
  const isNode = () => readlinkOr(`/proc/${child.pid}/exe`).endsWith('/node') || child.exitCode !== null;
  while (!isNode()) await new Promise((resolve) => setImmediate(resolve));
  const listeners = await besiege(child, () => waits(text));
  const ended = child.exitCode !== null || child.signalCode !== null;
  child.kill('SIGKILL');
  await exit;
  return { listeners, text, ended };
}

/** Holds what connects and answers nothing. */
async function silentServer() {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as { port: number }).port };
}

const UP = (text: string) => text.includes('up');
const SCRIPT = 'trap "" USR1; echo up; while :; do sleep 1; done';
const RUN = ['run', '--rm', 'busybox', 'sh', '-c', SCRIPT];
const withFlags = (...flags: string[]) => ['run', ...flags, ...RUN.slice(1)];

describe('tinyrun', () => {
  test.each([
    ['run', RUN, UP],
    ['run without passing signals on', withFlags('--sig-proxy=false'), UP],
    ['run -t', withFlags('-t'), UP],
    ['run --trace', withFlags('--trace'), UP],
    ['run --step', withFlags('--step'), (text: string) => text.includes('[Enter,')],
    ['load from a pipe', ['load'], () => true],
  ])('%s', async (_name, args, waits) => {
    const { listeners, text } = await siege(TINYRUN, args, { waits });
    expect({ listeners, debugger: text.match(/Debugger listening.*/)?.[0] }).toEqual({ listeners: [] });
    expect(waits(text)).toBe(true);
  });

  test('pull from a registry that says nothing', async () => {
    const { server, port } = await silentServer();
    const { listeners } = await siege(TINYRUN, ['pull', `127.0.0.1:${port}/nothing`]);
    server.close();
    expect(listeners).toEqual([]);
  });

  test('save to who does not read', async () => {
    const { listeners, ended } = await siege(TINYRUN, ['save', 'busybox'], { drains: false });
    expect({ listeners, ended }).toEqual({ listeners: [], ended: false });
  });

  test('without a start-up snapshot, and the process that makes it', async () => {
    const copy = mkdtempSync(path.join(sandbox.dir, 'package-'));
    const project = path.join(TINYRUN, '../..');
    for (const name of ['bin', 'package.json'])
      cpSync(path.join(project, name), path.join(copy, name), { recursive: true });
    mkdirSync(path.join(copy, 'build/Release'), { recursive: true });
    cpSync(path.join(project, 'build/Release/tinyrun.node'), path.join(copy, 'build/Release/tinyrun.node'));
    const dist = path.join(project, 'dist');
    cpSync(dist, path.join(copy, 'dist'), {
      recursive: true,
      filter: (name) => !name.includes(`${dist}/cache`),
    });
    const { listeners, text } = await siege(path.join(copy, 'bin/tinyrun'), RUN, { waits: UP });
    expect(listeners).toEqual([]);
    expect(text).toContain('up');
    const build = "require(process.argv[1]).makeSnapshot('main', process.argv[2])";
    const node = spawnSync('sh', ['-c', 'command -v node'], { encoding: 'utf8' }).stdout.trim();
    const maker = spawn(process.execPath, ['-e', build, path.join(copy, 'dist/boot.cjs'), node], {
      stdio: 'ignore',
    });
    const found = new Set<string>();
    let builders = 0;
    while (maker.exitCode === null) {
      for (const pid of childrenOf(maker.pid ?? 0)) {
        if (!readlinkOr(`/proc/${pid}/exe`).endsWith('/node')) continue;
        builders++;
        spawnSync('kill', ['-USR1', String(pid)]);
        for (const listener of listenersOf(pid)) found.add(listener);
      }
      await turn();
    }
    expect(builders).toBeGreaterThan(0);
    expect([...found]).toEqual([]);
  });
});

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

describe('tinyrunc', () => {
  const root = ['--root', sandbox.runcRoot];
  test('run, exec, events, and start of a container whose hook waits', async () => {
    // of ours alone: cgroups are named by them
    const [attended, waiting, detached] = [
      sandbox.id('attended'),
      sandbox.id('waiting'),
      sandbox.id('detached'),
    ];
    const bundle = sandbox.bundle(['sh', '-c', SCRIPT]);
    const run = await siege(TINYRUNC, [...root, 'run', '-b', bundle, attended], { waits: UP });
    expect(run).toMatchObject({ listeners: [], text: expect.stringContaining('up') });
    await sandbox.tinyrunc(['delete', '-f', attended]);
    const hooked = sandbox.bundle(['sleep', '60'], (spec) => {
      spec.hooks = { createRuntime: [{ path: '/bin/sleep', args: ['sleep', '30'] }] };
    });
    const create = await siege(TINYRUNC, [...root, 'create', '-b', hooked, waiting], { stdio: 'ignore' });
    expect(create.listeners).toEqual([]);
    await sandbox.tinyrunc(['delete', '-f', waiting]);
    const plain = sandbox.bundle(['sleep', '60']);
    expect(await sandbox.tinyrunc(['run', '-d', '-b', plain, detached], { stdio: 'ignore' })).toMatchObject({
      code: 0,
    });
    const exec = await siege(TINYRUNC, [...root, 'exec', detached, 'sh', '-c', SCRIPT], { waits: UP });
    expect(exec).toMatchObject({ listeners: [], text: expect.stringContaining('up') });
    const events = await siege(TINYRUNC, [...root, 'events', '--interval', '1s', detached], {
      waits: (text) => text.includes('stats'),
    });
    expect(events.listeners).toEqual([]);
    await sandbox.tinyrunc(['delete', '-f', detached]);
  });
});

test('the program gets it: as it comes by default, and from who passes signals on', async () => {
  const USR1 = 1n << 9n;
  const at = await sandbox.sh(
    [],
    'grep -E "Sig(Blk|Ign|Cgt)" /proc/1/status; grep -E "Sig(Blk|Ign)" /proc/self/status',
  );
  expect(at.stdout.match(/\w{16}/g)?.some((hex) => (BigInt(`0x${hex}`) & USR1) !== 0n)).toBe(false);
  const child = spawn(
    TINYRUN,
    [
      'run',
      '--rm',
      'busybox',
      'sh',
      '-c',
      'trap "echo usr1; exit 7" USR1; echo up; while :; do sleep 0.05; done',
    ],
    {
      env: sandbox.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let text = '';
  for await (const chunk of child.stdout) {
    text += chunk;
    if (text === 'up\n') {
      // caught by us, and let through, whatever node does with it
      expect(mask(child.pid ?? 0, 'SigCgt') & USR1).toBe(USR1);
      // (a thread is born with most signals blocked, which its maker is for that moment)
      await until(() => (mask(child.pid ?? 0, 'SigBlk') & USR1) === 0n);
      child.kill('SIGUSR1');
    }
  }
  if (child.exitCode === null) await once(child, 'close');
  expect({ text, code: child.exitCode }).toEqual({ text: 'up\nusr1\n', code: 7 });
});
