// What a verb does to the system, as strace(1) sees it, is what its plan says: a step, the undo list, or the engine's own
// books, which --explain shows besides. A change that nobody names is a failure.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { syscallOf } from '../../../src/plan/syscall.ts';
import { undoSteps } from '../../../src/plan/undo.ts';
import { readBundle } from '../../../src/tinyrunc/bundle.ts';
import { planOfBundle } from '../../../src/tinyrunc/planned.ts';
import { startPlan } from '../../../src/tinyrunc/start.ts';
import { isNamed, type Naming } from '../../support/named.ts';
import { TINYRUN, TINYRUNC } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';
import { type Change, changesOf, strace } from '../../support/system-calls.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

interface Step {
  readonly lane: 'host' | 'container';
  readonly syscall: string;
  readonly op: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** All that names a change. */
interface Told {
  readonly steps: readonly Step[];
  /** In any order: undo lists and books. */
  readonly around: readonly string[];
  readonly rootfs: string;
}

/** What is no step's, and why it need not be one. */
const NO_STEP: readonly (readonly [role: Change['role'], line: RegExp, why: string])[] = [
  [
    'born',
    /^(setsid|chdir|close_range|fcntl)\(/,
    'a monitor leaves the session, directory and files of its caller',
  ],
  ['born', /^dup3\(\d+<[^>]*>, [012]</, 'its streams: what they are is the caller’s choice, not the plan’s'],
  ['born', /^close_range\(3, 4294967295, CLOSE_RANGE_CLOEXEC/, 'nothing of ours stays open in tinyrun-init'],
  ['container', /^prctl\(PR_SET_NAME,/, 'tinyrun-init is called so in ps'],
  ['container', /^close_range\(3, 4294967295, CLOSE_RANGE_CLOEXEC/, 'nor in what tinyrun-init executes'],
  ['container', /^close_range\(3, 4294967295, 0\)/, 'nor in the reaper of --init'],
  ['container', /^umask\(000\)/, 'modes in the plan are meant as they stand; until execve'],
  ['container', /^umask\(0\d\d\) += 000$/, 'the mask that a step (setUser) gave, or the caller’s: set last'],
];

/** Where masks lie: the first one of a kind is made, and cloned for the others. */
const masks = ({ steps }: Told): string[] =>
  steps.filter(({ op }) => op === 'mask').map(({ args }) => String(args.path));

/** The steps of the container's lane are done in their order: the first from `from` on that names a change. */
function stepFor(change: Change, lane: readonly Naming[], from: number, rootfs: string): number {
  const index = lane.slice(from).findIndex((naming) => isNamed(change, naming, rootfs));
  return index < 0 ? -1 : from + index;
}

/** The lines of strace that nothing names. */
function unnamed(changes: readonly Change[], told: Told): string[] {
  const also = masks(told);
  const namings = ({ op, syscall }: Step): Naming => ({ text: syscall, ...(op === 'mask' ? { also } : {}) });
  const lane = told.steps.filter((step) => step.lane === 'container').map(namings);
  const host = told.steps.filter((step) => step.lane === 'host').map(namings);
  const others = [...host, ...told.around.map((text) => ({ text }))];
  let at = 0;
  return changes
    .filter((change) => {
      if (NO_STEP.some(([role, line]) => role === change.role && line.test(change.line))) return false;
      if (change.role !== 'container') return !others.some((naming) => isNamed(change, naming, told.rootfs));
      const found = stepFor(change, lane, at, told.rootfs);
      if (found < 0) return true;
      at = found;
      return false;
    })
    .map(({ role, line }) => `${role}: ${line}`);
}

/** Ids are as many as containers; what is told was told of another one. */
const anonymous = (text: string): string =>
  text.replaceAll(/\b[0-9a-f]{64}\b/g, 'ID').replaceAll(/"[0-9a-f]{12}"/g, '"ID"');

let count = 0;

/** The changes of a command. */
async function traced(program: string, args: readonly string[], code = 0): Promise<Change[]> {
  const file = path.join(sandbox.dir, `strace-${count++}`);
  const result = await sandbox.under(strace(file), program, args);
  expect(result, `${args}`).toMatchObject({ code, stderr: '' });
  return changesOf(anonymous(readFileSync(file, 'utf8')));
}

const text = ({ syscall }: { readonly syscall: string }): string => anonymous(syscall);

/** What a verb with these flags says that it will do. */
async function explained(args: readonly string[], verb = 'run'): Promise<Told> {
  const explain = async (...flags: string[]) => {
    const { stdout, stderr } = await sandbox.tinyrun([verb, '--explain', '--json', ...flags, ...args]);
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  };
  const { before, steps, after } = await explain();
  const undo = (await explain('--undo')).steps;
  return {
    steps: steps.map((step: Step) => ({ ...step, syscall: text(step) })),
    around: [...before, ...undo, ...after].map(text),
    rootfs: path.join(sandbox.dir, 'data/rootfs'),
  };
}

const data = (...names: string[]) => path.join(sandbox.dir, 'data', ...names);

test.each([
  ['run --rm', ['--rm', '--name', 'traced', 'busybox', 'true']],
  ['run', ['--name', 'traced', 'busybox', 'true']],
  [
    'run with much',
    `--rm --name much --init -t -w /made -v ${sandbox.dir}/missing:/mnt/y:ro --tmpfs /run --device /dev/fuse --ulimit nproc=999 --cap-add NET_ADMIN
    --security-opt no-new-privileges --read-only --oom-score-adj 500 --sysctl net.ipv4.ip_forward=1 -u 1000:1000 busybox true`.split(
      /\s+/,
    ),
  ],
])('%s', async (_, args) => {
  const told = await explained(args);
  const changes = await traced(TINYRUN, ['run', ...args]);
  expect(unnamed(changes, told)).toEqual([]);
  // there was something to see
  expect(changes.filter(({ role }) => role === 'container').length).toBeGreaterThan(50);
});

test.each([
  ['start', []],
  ['start of one that is removed', ['--rm']],
])('%s', async (_, flags) => {
  await sandbox.tinyrun(['create', '--name', 'begun', ...flags, 'busybox', 'true']);
  const told = await explained(['begun'], 'start');
  const changes = await traced(TINYRUN, ['start', 'begun']);
  expect(unnamed(changes, told)).toEqual([]);
  expect(changes.filter(({ role }) => role === 'container').length).toBeGreaterThan(50);
  if (flags.length > 0) return;
  // again: what is left of the first life goes
  expect(unnamed(await traced(TINYRUN, ['start', 'begun']), told)).toEqual([]);
  await sandbox.tinyrun(['rm', 'begun']);
});

/** Steps that change nothing, or only whether descriptors outlive execve. */
const IDLE = ['findExecutable', 'sync', 'awaitSync', 'signalSync', 'closeFds', 'awaitExec'];

test('whatever else is not told would be found: each kind of step, and the books', async () => {
  const args = ['--rm', '--name', 'silent', 'busybox', 'true'];
  const told = await explained(args);
  const changes = await traced(TINYRUN, ['run', ...args]);
  const isMissed = (less: Partial<Told>) => unnamed(changes, { ...told, ...less }).length > 0;
  const ops = [...new Set(told.steps.map(({ op }) => op))];
  const without = (op: string) => ({ steps: told.steps.filter((step) => step.op !== op) });
  expect(ops.filter((op) => !isMissed(without(op)))).toEqual(IDLE);
  const silent = (text: string) => ({ around: told.around.filter((other) => other !== text) });
  // which is there already, and which goes with its directory
  expect(told.around.filter((text) => !isMissed(silent(text)))).toEqual([
    expect.stringMatching(/^mkdir\(".*\/rootfs", 0700\)$/),
    expect.stringMatching(/^unlink\(".*\/journal\.01-start"\)$/),
  ]);
});

test('kill and rm: a signal, the name and the data', async () => {
  const { code } = await sandbox.tinyrun(['rm', 'traced']);
  expect(code).toBe(0);
  const child = spawn(TINYRUN, ['run', '--name', 'lives', 'busybox', 'sh', '-c', 'echo up; sleep 1000'], {
    env: sandbox.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const chunk of child.stdout) if (String(chunk).includes('up')) break;
  const none = { steps: [], rootfs: '' };
  const events = path.join(sandbox.dir, 'run/events.log');
  const told = `open("${events}", O_APPEND|O_CREAT, 0600); write("${events}")`;
  const log = `${sandbox.dir}/data/containers/ID/sent.log`;
  const sent = `open("${log}", O_APPEND|O_CREAT, 0600); write("${log}")`;
  const killed = await traced(TINYRUN, ['kill', 'lives']);
  expect(
    unnamed(killed, { ...none, around: [sent, told, 'pidfd_send_signal(pidfd_open(PID), SIGKILL)'] }),
  ).toEqual([]);
  expect(killed.map(({ call }) => call)).toEqual(['open', 'write', 'open', 'write', 'pidfd_send_signal']);
  if (child.exitCode === null) await once(child, 'close');
  const tree = `unlinkat(AT_FDCWD, "${data('containers/ID')}", AT_REMOVEDIR) and all below`;
  const run = path.join(sandbox.dir, 'run/containers/ID');
  // claimed meanwhile: no sweep settles what is being removed
  const claim = [
    `mkdir("${run}", 0700)`,
    `write("${run}/lock", 0600)`,
    `unlinkat(AT_FDCWD, "${run}", AT_REMOVEDIR) and all below`,
  ];
  const around = [told, ...claim, `unlink("${data('names/lives')}")`, tree];
  expect(unnamed(await traced(TINYRUN, ['rm', 'lives']), { ...none, around })).toEqual([]);
});

/** What tinyrunc keeps of a container, which is all that it does besides its plans. */
function booksOfTinyrunc(dir: string): readonly string[] {
  return [
    `mkdir("${path.dirname(dir)}", 0700) and what leads to it`, // --root
    `mkdir("${dir}", 0700)`,
    `write("${dir}/lock", 0600)`, // held while it is made
    `open(temporary, O_CREAT); write(temporary); rename(temporary, "${dir}/journal.01-start")`, // what takes it back
    `write("${dir}/config.json", 0600)`, // as it was then: exec goes by it
    `open(temporary, O_CREAT); write(temporary); rename(temporary, "${dir}/state.json")`, // its pid
    `mkdir("${path.dirname(dir)}/~seccomp", 0700); open(temporary); write(temporary); rename(temporary, "${path.dirname(dir)}/~seccomp/DIGEST")`,
  ];
}

test('tinyrunc create, start, delete', async () => {
  const bundle = sandbox.bundle(['true']);
  const id = path.basename(bundle);
  const dir = path.join(sandbox.runcRoot, id);
  const { plan } = planOfBundle(
    readBundle(bundle, () => undefined),
    dir,
    {
      root: sandbox.runcRoot,
      id,
      bundle,
      until: 'created',
      detach: true,
      preserveFds: 0,
      env: [],
      noPivot: false,
      noNewKeyring: false,
      systemdCgroup: false,
      rootless: false,
      warn: () => undefined,
    },
  );
  const undo = undoSteps(plan).map(syscallOf);
  const steps = plan.steps.map((step) => ({ ...step, syscall: syscallOf(step) }) as Step);
  const books = booksOfTinyrunc(dir);
  const told = { steps, around: books, rootfs: path.join(bundle, 'rootfs') };
  const none = { steps: [], rootfs: '' };
  // strace stays as long as what was created
  const created = traced(TINYRUNC, ['create', '-b', bundle, id]);
  await vi.waitUntil(() => existsSync(path.join(dir, 'state.json')), 60_000);
  const taken = `${dir}/exec.fifo.taken`;
  // two may start it at once: one gets it
  const start = [`rename("${dir}/exec.fifo", "${taken}")`, ...startPlan(taken).steps.map(syscallOf)];
  expect(unnamed(await traced(TINYRUNC, ['start', id]), { ...none, around: start })).toEqual([]);
  expect(unnamed(await created, told)).toEqual([]);
  const removed = [...undo, `unlinkat(AT_FDCWD, "${dir}", AT_REMOVEDIR) and all below`, ...books];
  expect(unnamed(await traced(TINYRUNC, ['delete', '--force', id]), { ...none, around: removed })).toEqual(
    [],
  );
});
