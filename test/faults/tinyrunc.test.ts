// SIGKILL of tinyrunc, or of its helper, at every system call that makes, takes or tells something. Whatever the
// moment: state parses, `delete --force` (twice) leaves nothing behind, and the same command works again.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { containerDir, openContainer } from '../../src/tinyrunc/container.ts';
import { deleteContainer } from '../../src/tinyrunc/delete.ts';
import { Bench } from '../support/bench.ts';
import { processesOf } from '../support/processes.ts';
import { TINYRUNC, until } from '../support/programs.ts';
import { testSpec } from '../support/spec.ts';

let bench: Bench;
let bundle: string;
beforeAll(() => {
  bench = new Bench();
  bundle = bench.bundle(testSpec(['sleep', '1000']));
});
afterAll(() => bench.dispose());

const CGROUP_ROOTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

const FILES = ['', 'lock', 'journal', 'state.json', 'config.json', 'exec.fifo', 'exec.fifo.taken'];
/** What node does dozens of times before its first line of ours runs: only where a container's files are meant. */
const COMMON = ['openat', 'write', 'close', 'mkdir'];

function watched(call: string, id: string): string[] {
  if (!COMMON.includes(call)) return [];
  return FILES.flatMap((name) => ['-P', join(containerDir(bench.root, id), name)]);
}

/**
 * Runs tinyrunc for the container `id` and kills it as it comes to the `n`th `call`; answers whether it was. With
 * `helper` tinyrun-init is watched too (only for what ends by itself: strace stays as long as one of the watched lives).
 */
function killedAt(call: string, n: number, id: string, args: readonly string[], helper = false): boolean {
  const inject = [
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    `trace=${call}`,
    '-e',
    `inject=${call}:signal=SIGKILL:when=${n}`,
  ];
  const sink = openSync('/dev/null', 'r+');
  const strace = [...(helper ? ['-f'] : []), ...inject, ...watched(call, id)];
  const all = [...strace, TINYRUNC, '--root', bench.root, ...args];
  const result = spawnSync('strace', all, { stdio: [sink, sink, sink], timeout: 120_000 });
  closeSync(sink);
  return result.status !== 0;
}

function fail(message: string): never {
  throw new Error(message);
}

async function expectNothingLeft(id: string, when: string): Promise<void> {
  // delete --force, twice, as the command line calls it
  for (let twice = 0; twice < 2; twice++) await deleteContainer(bench.root, id, { force: true, warn: fail });
  await until(() => processesOf(id).length === 0);
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(bench.dir));
  const left = {
    dir: existsSync(containerDir(bench.root, id)),
    cgroups: CGROUP_ROOTS.filter((root) => existsSync(join(root, id))),
    mounts,
  };
  expect(left, when).toEqual({ dir: false, cgroups: [], mounts: [] });
}

function create(id: string): void {
  const sink = openSync('/dev/null', 'r+');
  const args = ['--root', bench.root, 'create', '-b', bundle, id];
  const { status } = spawnSync(TINYRUNC, args, { stdio: [sink, sink, sink], timeout: 120_000 });
  closeSync(sink);
  expect(status).toBe(0);
}

/** The most kills at one system call, of which there is one at least; beyond it nothing new is in the plan. */
const MOST = 8;

describe('SIGKILL during create', () => {
  it.each(['mkdir', 'mkdirat', 'openat', 'write', 'close', 'flock', 'rename', 'clone3', 'recvmsg', 'bpf'])(
    'at each %s',
    { timeout: 240_000 },
    async (call) => {
      const id = bench.id();
      let kills = 0;
      for (let n = 1; n <= MOST; n++) {
        const killed = killedAt(call, n, id, ['create', '-b', bundle, id]);
        // There is a container, or there is none: a damaged state.json would throw.
        expect(openContainer(bench.root, id)?.state.id ?? id).toBe(id);
        await expectNothingLeft(id, `killed at ${call} number ${n}`);
        if (!killed) break;
        kills++;
      }
      expect(kills).toBeGreaterThan(0);
      create(id);
      await expectNothingLeft(id, 'a whole one');
    },
  );

  it('and the same create again, without a delete in between', async () => {
    const id = bench.id();
    expect(killedAt('clone3', 1, id, ['create', '-b', bundle, id])).toBe(true);
    create(id);
    expect(bench.state(id).status).toBe('created');
    await expectNothingLeft(id, 'created after a kill');
  });
});

describe('delete --force of what somebody is at', () => {
  /** A directory as a creator has it, who holds its lock for some time. */
  async function heldFor(seconds: string) {
    const id = bench.id();
    const dir = containerDir(bench.root, id);
    mkdirSync(dir, { recursive: true });
    const holder = spawn('flock', ['-F', join(dir, 'lock'), 'sh', '-c', `echo held; exec sleep ${seconds}`]);
    await once(holder.stdout, 'data');
    return { id, dir, holder };
  }
  const force = (id: string) => deleteContainer(bench.root, id, { force: true, warn: fail });

  it('waits for one that is about to end', async () => {
    const { id, dir } = await heldFor('0.2');
    await force(id);
    expect(existsSync(dir)).toBe(false);
  });

  it('and refuses what goes on', async () => {
    const { id, holder } = await heldFor('1000');
    await expect(force(id)).rejects.toThrow('is being created or deleted by another process');
    holder.kill();
    await force(id);
  });
});

describe('SIGKILL of tinyrunc or its helper during run', () => {
  it.each(['clone3', 'recvmsg', 'execveat', 'pivot_root', 'move_mount', 'setresuid', 'execve'])(
    'at each %s',
    { timeout: 240_000 },
    async (call) => {
      const brief = bench.bundle(testSpec(['true']));
      let kills = 0;
      for (let n = 1; n <= MOST; n++) {
        const id = bench.id();
        const killed = killedAt(call, n, id, ['run', '-b', brief, id], true);
        await expectNothingLeft(id, `run killed at ${call} number ${n}`);
        if (!killed) break;
        kills++;
      }
      expect(kills).toBeGreaterThan(0);
    },
  );
});

describe.each([
  ['start', ['openat', 'write', 'rename', 'unlinkat', 'close'], (id: string) => ['start', id]],
  [
    'exec',
    // About 2 s where the host's pid 1 reaps that late: the first process of a pid namespace ends only when the processes
    // that others put there were reaped (pid_namespaces(7)), and the one who could is killed here.
    ['clone3', 'recvmsg', 'pidfd_open'],
    (id: string) => ['exec', '-d', id, 'sleep', '1000'],
  ],
  [
    'delete',
    ['flock', 'pidfd_open', 'pidfd_send_signal', 'unlinkat', 'openat', 'close'],
    (id: string) => ['delete', '--force', id],
  ],
] as const)('SIGKILL during %s', (verb, calls, args) => {
  it.each(calls)('at each %s', { timeout: 240_000 }, async (call) => {
    let kills = 0;
    for (let n = 1; n <= MOST; n++) {
      const id = bench.id();
      create(id);
      if (verb !== 'start') bench.ok(['start', id]);
      const killed = killedAt(call, n, id, args(id));
      expect(openContainer(bench.root, id)?.state.id ?? id).toBe(id);
      await expectNothingLeft(id, `${verb} killed at ${call} number ${n}`);
      if (!killed) break;
      kills++;
    }
    expect(kills).toBeGreaterThan(0);
  });
});
