// Sets the checkout up (packages, npm ci, build, fixtures), runs the stages of the test suite in three lanes, one after
// another in each, and adds up what they count: the tests on this host wait much, what is compiled and the emulated
// guests never do. What needs node_modules only runs during the rest of the set-up. What the first lane prints is seen at
// once, what another's stage printed when it and one of the first have ended. The table has for each stage its time and
// what it took of the processors. The last line is exactly "N passed, N failed, N skipped". A stage that ends well
// without counting itself counts as one passed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { STAGES } from './lib/stages.mjs';
import { readArguments } from './lib/usage.mjs';
import { Patience } from './patience.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const countsOf = ({ name }) => path.join(root, `.cache/counts-${name}`);

/** What the processes that ended and were waited for have used of the processors, in seconds, their descendants included. */
function used() {
  // the fields behind the name, which may hold anything: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
  const [cutime, cstime] = readFileSync('/proc/self/stat', 'utf8')
    .split(') ')[1]
    .split(' ')
    .slice(13, 15)
    .map(Number);
  return (cutime + cstime) / 100;
}
let usedBefore = used();

const running = new Set();
function endAll(signal) {
  for (const child of running) process.kill(-child.pid, signal);
  process.exit(1);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, endAll);

/** Starts a command in a process group of its own, so that a hung one can be ended whole. */
function start([file, ...args], env, stdout) {
  const child = spawn(file, args, { cwd: root, env, detached: true, stdio: ['ignore', stdout, 'pipe'] });
  running.add(child);
  // before another one is waited for
  child.once('exit', () => {
    child.cpu = used() - usedBefore;
    usedBefore += child.cpu;
  });
  return child.once('close', () => running.delete(child));
}

/** Runs a step without which nothing can be tested. */
async function setUp(...command) {
  const child = start(command, process.env, 'inherit');
  child.stderr.pipe(process.stderr);
  const [code] = await once(child, 'close');
  if (code !== 0) endAll('SIGTERM');
  total.cpu += child.cpu;
  return child.cpu;
}

/** Runs a stage. Resolves to its exit code, the end of what it printed, and the seconds of a processor that it took. */
function run(stage, print) {
  const child = start(
    stage.command,
    { ...process.env, TINYRUN_TEST_COUNTS: countsOf(stage), NO_COLOR: '1' },
    'pipe',
  );
  let last = '';
  child.stdout.on('data', (chunk) => {
    print(1, chunk);
    last = (last + chunk).slice(-4096);
  });
  child.stderr.on('data', (chunk) => print(2, chunk));
  return new Promise((resolve) => {
    const patience = new Patience(stage.minutes, (minutes) => {
      print(2, `test: stage ${stage.name} took more than ${minutes} minutes and was ended\n`);
      process.kill(-child.pid, 'SIGKILL');
    });
    child.on('error', (error) => {
      print(2, `test: ${stage.command[0]}: ${error.message}\n`);
      patience.stop();
      resolve({ code: 127, last, cpu: 0 });
    });
    child.on('close', (code) => {
      patience.stop();
      resolve({ code: code ?? 1, last, cpu: child.cpu });
    });
  });
}

/** What the stage counted: vitest by its reporter, others by their last line. */
function counted(stage, { code, last }) {
  const counts = countsOf(stage);
  const fromVitest = existsSync(counts) ? readFileSync(counts, 'utf8') : '';
  const found = /(\d+) passed, (\d+) failed, (\d+) skipped\s*$/.exec(fromVitest || last);
  const [passed, failed, skipped] = found ? found.slice(1).map(Number) : [code === 0 ? 1 : 0, 0, 0];
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed, skipped };
}

const { positionals: only } = readArguments({ words: true });
const unknown = only.filter((name) => !STAGES.some((stage) => stage.name === name));
if (unknown.length > 0) {
  console.error(`test: no stage ${unknown.join(', ')}: ${STAGES.map((stage) => stage.name).join(' ')}`);
  process.exit(2);
}

const chosen = STAGES.filter(({ name }) => only.length === 0 || only.includes(name));
const write = (fd, chunk) => (fd === 1 ? process.stdout : process.stderr).write(chunk);

mkdirSync(path.join(root, '.cache'), { recursive: true });
const began = Date.now();
const total = { passed: 0, failed: 0, skipped: 0, cpu: 0 };
const table = new Map();

function line({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function times(name, start, cpu) {
  const seconds = (number) => `${number.toFixed(1).padStart(7)} s`;
  return `${name.padEnd(12)} ${seconds((Date.now() - start) / 1000)} ${seconds(cpu)} cpu`;
}

async function runStage(stage, print) {
  rmSync(countsOf(stage), { force: true });
  const reason = stage.skip?.();
  const start = Date.now();
  let result = { passed: 0, failed: 0, skipped: 1, cpu: 0 };
  if (!reason) {
    const outcome = await run(stage, print);
    result = { ...counted(stage, outcome), cpu: outcome.cpu };
  }
  for (const key of Object.keys(total)) total[key] += result[key];
  table.set(stage, `${times(stage.name, start, result.cpu)}  ${line(result)}${reason ? `: ${reason}` : ''}`);
}

// What is to be printed when the lane that prints at once has ended a stage, or all of them.
const kept = [];
let live;
const flush = () => {
  for (const [fd, chunk] of kept.splice(0)) write(fd, chunk);
};

async function runInLane(stage) {
  await (stage.needs.length > 0 ? built : modules);
  const mine = [];
  const print = (fd, chunk) => (stage.lane === live ? write(fd, chunk) : mine.push([fd, chunk]));
  print(1, `\n==> ${stage.name}\n`);
  await runStage(stage, print);
  kept.push(...mine);
  if (stage.lane === live && stage === chosen.findLast(({ lane }) => lane === live)) live = undefined;
  if (live === undefined || stage.lane === live) flush();
}

live = chosen[0].lane;
const groups = [...new Set(chosen.filter(({ skip }) => !skip?.()).flatMap(({ needs }) => needs))];
const modules = setUp('scripts/setup', 'modules');
const packages = groups.length > 0 && setUp('scripts/bootstrap', ...groups);
const built = Promise.all([modules, packages]).then(() => groups.length > 0 && setUp('scripts/setup'));
Promise.all([modules, packages, built]).then((cpu) => {
  table.set(
    'set-up',
    times(
      'set-up',
      began,
      cpu.reduce((sum, each) => sum + Number(each)),
    ),
  );
  for (const { prepare } of chosen) if (prepare) start(prepare, process.env, 'ignore').stderr.resume();
});
const ends = new Map();
/** Resolves when a stage has run. It begins when the one before it in its lane has, and those that it is `after`. */
function end(stage) {
  if (!stage) return undefined;
  if (!ends.has(stage)) {
    const lane = chosen.filter(({ lane }) => lane === stage.lane);
    const awaited = [
      lane[lane.indexOf(stage) - 1],
      ...chosen.filter(({ name }) => stage.after?.includes(name)),
    ];
    ends.set(
      stage,
      Promise.all(awaited.map(end)).then(() => runInLane(stage)),
    );
  }
  return ends.get(stage);
}
await Promise.all(chosen.map(end));

const rows = ['set-up', ...chosen].map((stage) => table.get(stage));
console.log(`\n${[...rows, times('total', began, total.cpu)].join('\n')}\n${line(total)}`);
process.exitCode = total.failed > 0 ? 1 : 0;
