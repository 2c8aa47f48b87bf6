import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AT_FDCWD, type Machine, type MachineOptions, native } from '../../../src/native/index.ts';
import { encode } from '../../../src/plan/encode.ts';
import type { StepArgs } from '../../../src/plan/steps.gen.ts';
import { NO_SLOT, type Step, type StepName } from '../../../src/plan/types.ts';

// Plans without namespaces, which need no privilege: what is tested is the face of the interpreter, not its steps.

const addon = native();
let dir: string;
let machines: Machine[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tinyrun-machine-'));
  machines = [];
});
afterEach(() => {
  for (const machine of machines) machine.close();
  rmSync(dir, { recursive: true });
});

const on = <N extends StepName>(lane: 'host' | 'container', op: N, args: StepArgs[N]) =>
  ({ op, lane, args, why: 'a test' }) as Step;
const host = <N extends StepName>(op: N, args: StepArgs[N]) => on('host', op, args);
const inside = <N extends StepName>(op: N, args: StepArgs[N]) => on('container', op, args);

function machineOf(steps: readonly Step[], options?: MachineOptions): Machine {
  const machine = addon.machine(encode({ steps }), options);
  machines.push(machine);
  return machine;
}

/** A process that runs `args`. */
function program(args: readonly string[]): Step[] {
  return [
    host('clone', { flags: 0n, cgroup: NO_SLOT, pass: [] }),
    host('signalConfigured', {}),
    inside('awaitConfigured', {}),
    inside('findExecutable', { name: args[0] ?? '', path: '/bin:/usr/bin' }),
    inside('ready', {}),
    inside('closeFds', { keep: 0 }),
    inside('execve', { args, env: ['A=b'] }),
    host('awaitReady', {}),
    host('awaitExec', {}),
  ];
}

async function exitOf(machine: Machine) {
  const pidfd = machine.takePidfd();
  const status = await addon.waitPidfd(pidfd);
  addon.close(pidfd);
  return status;
}

describe('the host lane alone', () => {
  test('done, with each step traced', () => {
    const path = join(dir, 'made');
    const machine = machineOf([host('mkdir', { path, mode: 0o700 })], { trace: true });
    expect(machine.runSync()).toMatchObject({
      state: 'done',
      pid: 0,
      results: [{ step: 0, errno: 0, ns: expect.any(Number) }],
    });
    expect(existsSync(path)).toBe(true);
  });

  test('the first failure ends it, with its step, call, errno and path', () => {
    const paths = ['a', 'none/b', 'c'].map((name) => join(dir, name));
    const machine = machineOf(paths.map((path) => host('mkdir', { path, mode: 0o700 })));
    expect(machine.runSync()).toMatchObject({
      state: 'failed',
      step: 1,
      failure: { step: 1, syscall: expect.stringMatching(/mkdir/), code: 'ENOENT', errno: 2, path: paths[1] },
    });
    expect(paths.map((path) => existsSync(path))).toEqual([true, false, false]);
  });

  test('yield gives control back, resume goes on', async () => {
    const [a, b] = [join(dir, 'a'), join(dir, 'b')];
    const steps = [
      host('mkdir', { path: a, mode: 0o700 }),
      host('yield', { tag: 7 }),
      host('mkdir', { path: b, mode: 0o700 }),
    ];
    const machine = machineOf(steps);
    expect(await machine.run()).toMatchObject({ state: 'yield', tag: 7 });
    expect([existsSync(a), existsSync(b)]).toEqual([true, false]);
    expect(await machine.resume()).toMatchObject({ state: 'done' });
    expect(existsSync(b)).toBe(true);
  });

  test('slots: a dup goes in, ownership comes out', () => {
    const path = join(dir, 'file');
    const machine = machineOf([host('closeSlot', { slot: 3 })]);
    const fd = addon.openat2(AT_FDCWD, path, { flags: 0o102, mode: 0o600 });
    machine.setFd(3, fd);
    machine.setFd(4, fd);
    expect(machine.runSync().state).toBe('done');
    expect(machine.takeFd(3)).toBe(-1);
    const taken = machine.takeFd(4);
    expect(addon.fstatat(taken, '').ino).toBe(addon.fstatat(fd, '').ino);
    expect(machine.takeFd(4)).toBe(-1);
    expect(() => machine.setFd(64, fd)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(() => machine.setFd(0, 1_000_000)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    addon.close(fd);
    addon.close(taken);
  });
});

describe('both lanes', () => {
  test('a program runs with the stdio it was given, and its exit code arrives', async () => {
    const out = addon.openat2(AT_FDCWD, join(dir, 'out'), { flags: 0o102, mode: 0o600 });
    const machine = machineOf(program(['sh', '-c', 'echo "$A $0"; exit 3']), { stdio: [0, out, out] });
    const outcome = await machine.run();
    expect(outcome).toMatchObject({ state: 'done', pid: expect.any(Number) });
    expect(await exitOf(machine)).toEqual({ kind: 'exited', code: 3, status: 3 });
    expect(readFileSync(join(dir, 'out'), 'utf8')).toBe('b sh\n');
    addon.close(out);
  });

  test('a failure inside names its step in the whole plan, and leaves no process', () => {
    const steps = program(['tinyrun-no-such-program']);
    const { state, failure, pid, pidfd } = machineOf(steps).runSync();
    expect({ state, pid, pidfd }).toEqual({ state: 'failed', pid: 0, pidfd: -1 });
    expect(steps[failure?.step ?? 0]?.op).toBe('findExecutable');
    expect(failure).toMatchObject({ code: 'ENOENT', path: 'tinyrun-no-such-program' });
  });

  test('pause stops before each step of the container', async () => {
    const steps = program(['true']);
    const machine = machineOf(steps, { pause: true });
    const seen: (string | undefined)[] = [];
    let outcome = await machine.run();
    for (; outcome.state === 'paused'; outcome = await machine.resume()) seen.push(steps[outcome.step]?.op);
    expect(outcome.state).toBe('done');
    expect(seen).toEqual(steps.filter(({ lane }) => lane === 'container').map(({ op }) => op));
    expect((await exitOf(machine)).code).toBe(0);
  });
});

describe('misuse', () => {
  test('one run at a time, none after close', async () => {
    const machine = machineOf(program(['true']));
    const running = machine.run();
    expect(() => machine.runSync()).toThrow('the machine is running');
    expect(() => machine.close()).toThrow('the machine is running');
    await running;
    await exitOf(machine);
    machine.close();
    machine.close();
    expect(() => machine.run()).toThrow('the machine is closed');
    expect(() => machine.takeFd(0)).toThrow('the machine is closed');
  });

  test('a damaged plan is refused before anything runs', () => {
    const plan = encode({ steps: [host('mkdir', { path: join(dir, 'never'), mode: 0 })] });
    expect(addon.checkPlan(plan)).toEqual({ steps: 1 });
    const damaged = Uint8Array.from(plan);
    damaged[288] = 0xff;
    expect(() => addon.checkPlan(damaged)).toThrow(/^the plan is damaged at step 0: /);
    expect(() => addon.machine(damaged)).toThrow(/^the plan is damaged/);
    expect(() => addon.machine(plan.subarray(0, 100))).toThrow(/damaged/);
    expect(existsSync(join(dir, 'never'))).toBe(false);
  });

  test('options of the wrong kind', () => {
    const plan = encode({ steps: [] });
    const wrong = (options: unknown) =>
      expect(() => addon.machine(plan, options as MachineOptions)).toThrow(Error);
    for (const options of [{ stdio: [0, 1] }, { stdio: 'x' }, { trace: 1 }, { preserveFds: -1 }, 5])
      wrong(options);
  });
});
