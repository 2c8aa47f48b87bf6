// Runs the stages of the test suite one after another and adds up what they count, those that keep one processor busy
// (`beside`) beside the others: what they print comes when another stage has ended. The last line is exactly
// "N passed, N failed, N skipped". A stage that ends well without counting itself counts as one passed.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { hostLacksControllers } from './host-cgroups.mjs';
import { readArguments } from './lib/usage.mjs';
import { Patience } from './patience.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const countsOf = ({ name }) => path.join(root, `.cache/counts-${name}`);

const vitest = (project) => [
  'node_modules/.bin/vitest',
  'run',
  '--project',
  project,
  '--reporter=default',
  '--reporter=./scripts/vitest-counts.mjs',
];

/**
 * `minutes` is when a stage is taken for hung, on a machine that has nothing else to do (patience.mjs). `needs` names the
 * groups of packages (scripts/bootstrap); what has none needs no build either. `skip` gives the reason for leaving a
 * stage out, if there is one. Those with `beside` run one after another, too, from the beginning.
 */
const STAGES = [
  { name: 'check', command: ['node', 'scripts/check.mjs'], minutes: 5, needs: [] },
  { name: 'unit', command: vitest('unit'), minutes: 5, needs: [] },
  { name: 'unit-addon', command: vitest('unit-addon'), minutes: 5, needs: ['build'] },
  { name: 'native', command: ['scripts/test-native'], minutes: 12, needs: ['build', 'test'] },
  {
    name: 'integration',
    command: vitest('integration'),
    minutes: 15,
    needs: ['build', 'test', 'peers'],
    skip: needsRoot,
  },
  {
    name: 'nodes',
    command: ['scripts/test-nodes'],
    minutes: 8,
    needs: ['build', 'test', 'peers'],
    skip: needsRoot,
  },
  {
    name: 'vm',
    beside: true,
    command: ['scripts/test-vm'],
    minutes: 8,
    needs: ['build', 'test', 'vm', 'peers'],
    skip: needsNoVm,
  },
  {
    name: 'vm-systemd',
    beside: true,
    command: ['scripts/test-vm', 'systemd'],
    minutes: 8,
    needs: ['build', 'test', 'vm', 'peers'],
  },
  {
    name: 'sanitizers',
    beside: true,
    command: ['scripts/test-sanitizers'],
    minutes: 10,
    needs: ['build', 'test'],
    skip: needsRoot,
  },
  { name: 'cmake', beside: true, command: ['scripts/test-cmake'], minutes: 8, needs: ['build', 'test'] },
  { name: 'prebuild', command: ['scripts/prebuild'], minutes: 6, needs: ['build', 'test'] },
  {
    name: 'package',
    command: ['scripts/test-package'],
    minutes: 8,
    needs: ['build', 'test'],
    skip: needsRoot,
  },
];

function needsRoot() {
  return process.getuid?.() === 0 ? undefined : 'containers need root here, and this is not root';
}

function needsNoVm() {
  return hostLacksControllers() ? undefined : 'this host has the cgroup v2 controllers itself';
}

const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    for (const child of running) process.kill(-child.pid, signal);
    process.exit(1);
  });

/** Runs a stage in a process group of its own, so that a hung one can be ended whole. Resolves to its exit code. */
function run(stage, print) {
  const [file, ...args] = stage.command;
  const env = { ...process.env, TINYRUN_TEST_COUNTS: countsOf(stage), NO_COLOR: '1' };
  const child = spawn(file, args, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let last = '';
  child.stdout.on('data', (chunk) => {
    print(1, chunk);
    last = (last + chunk).slice(-4096);
  });
  child.stderr.on('data', (chunk) => print(2, chunk));
  running.add(child);
  return new Promise((resolve) => {
    const patience = new Patience(stage.minutes, (minutes) => {
      print(2, `test: stage ${stage.name} took more than ${minutes} minutes and was ended\n`);
      process.kill(-child.pid, 'SIGKILL');
    });
    child.on('error', (error) => {
      print(2, `test: ${file}: ${error.message}\n`);
      patience.stop();
      resolve({ code: 127, last });
    });
    child.on('close', (code) => {
      running.delete(child);
      patience.stop();
      resolve({ code: code ?? 1, last });
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

const {
  values: { needs: asksForNeeds },
  positionals: only,
} = readArguments({ options: { needs: { type: 'boolean' } }, words: true });
const unknown = only.filter((name) => !STAGES.some((stage) => stage.name === name));
if (unknown.length > 0) {
  console.error(`test: no stage ${unknown.join(', ')}: ${STAGES.map((stage) => stage.name).join(' ')}`);
  process.exit(2);
}

const chosen = STAGES.filter(({ name }) => only.length === 0 || only.includes(name));
// scripts/test asks first: the groups of packages of what will run.
if (asksForNeeds) {
  console.log([...new Set(chosen.filter(({ skip }) => !skip?.()).flatMap(({ needs }) => needs))].join(' '));
  process.exit();
}

const write = (fd, chunk) => (fd === 1 ? process.stdout : process.stderr).write(chunk);

/** Runs stages one after another. `told` prints, or keeps what is to be printed later. */
async function runAll(stages, told, ended = () => {}) {
  for (const stage of stages) {
    const reason = stage.skip?.();
    told(1, `\n==> ${stage.name}\n`);
    rmSync(countsOf(stage), { force: true });
    const start = Date.now();
    const result = reason ? { passed: 0, failed: 0, skipped: 1 } : counted(stage, await run(stage, told));
    for (const key of Object.keys(total)) total[key] += result[key];
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    const row = `${stage.name.padEnd(12)} ${seconds.padStart(7)} s  ${line(result)}`;
    table.set(stage, `${row}${reason ? `: ${reason}` : ''}`);
    ended();
  }
}

mkdirSync(path.join(root, '.cache'), { recursive: true });
const began = Date.now();
const total = { passed: 0, failed: 0, skipped: 0 };
const table = new Map();
const kept = [];
const flush = () => {
  for (const [fd, chunk] of kept.splice(0)) write(fd, chunk);
};
const beside = runAll(
  chosen.filter((stage) => stage.beside),
  (fd, chunk) => kept.push([fd, chunk]),
);
await runAll(
  chosen.filter((stage) => !stage.beside),
  write,
  flush,
);
await beside;
flush();

function line({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

console.log(
  `\n${chosen.map((stage) => table.get(stage)).join('\n')}\n${'total'.padEnd(12)} ${((Date.now() - began) / 1000).toFixed(1).padStart(7)} s`,
);
console.log(line(total));
process.exitCode = total.failed > 0 ? 1 : 0;
