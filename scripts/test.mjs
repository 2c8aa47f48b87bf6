// Runs the stages of the test suite one after another and adds up what they count. The last line is exactly
// "N passed, N failed, N skipped". A stage that ends well without counting itself counts as one passed.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { hostLacksControllers } from './host-cgroups.mjs';
import { Patience } from './patience.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const counts = path.join(root, '.cache/vitest-counts');

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
 * stage out, if there is one.
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
    command: ['scripts/test-vm'],
    minutes: 8,
    needs: ['build', 'test', 'vm', 'peers'],
    skip: needsNoVm,
  },
  {
    name: 'vm-systemd',
    command: ['scripts/test-vm', 'systemd'],
    minutes: 8,
    needs: ['build', 'test', 'vm', 'peers'],
  },
  {
    name: 'sanitizers',
    command: ['scripts/test-sanitizers'],
    minutes: 10,
    needs: ['build', 'test'],
    skip: needsRoot,
  },
  { name: 'cmake', command: ['scripts/test-cmake'], minutes: 8, needs: ['build', 'test'] },
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

let running;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    if (running) process.kill(-running.pid, signal);
    process.exit(1);
  });

/** Runs a stage in a process group of its own, so that a hung one can be ended whole. Resolves to its exit code. */
function run(stage) {
  const [file, ...args] = stage.command;
  const env = { ...process.env, TINYRUN_TEST_COUNTS: counts, NO_COLOR: '1' };
  const child = spawn(file, args, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  let last = '';
  child.stdout.on('data', (chunk) => {
    process.stdout.write(chunk);
    last = (last + chunk).slice(-4096);
  });
  running = child;
  return new Promise((resolve) => {
    const patience = new Patience(stage.minutes, (minutes) => {
      console.error(`test: stage ${stage.name} took more than ${minutes} minutes and was ended`);
      process.kill(-child.pid, 'SIGKILL');
    });
    child.on('error', (error) => {
      console.error(`test: ${file}: ${error.message}`);
      patience.stop();
      resolve({ code: 127, last });
    });
    child.on('close', (code) => {
      running = undefined;
      patience.stop();
      resolve({ code: code ?? 1, last });
    });
  });
}

/** What the stage counted: vitest by its reporter, others by their last line. */
function counted(code, last) {
  const fromVitest = existsSync(counts) ? readFileSync(counts, 'utf8') : '';
  const found = /(\d+) passed, (\d+) failed, (\d+) skipped\s*$/.exec(fromVitest || last);
  const [passed, failed, skipped] = found ? found.slice(1).map(Number) : [code === 0 ? 1 : 0, 0, 0];
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed, skipped };
}

const asksForNeeds = process.argv[2] === '--needs';
const only = process.argv.slice(asksForNeeds ? 3 : 2);
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

mkdirSync(path.dirname(counts), { recursive: true });
const began = Date.now();
const total = { passed: 0, failed: 0, skipped: 0 };
const table = [];
for (const stage of chosen) {
  const reason = stage.skip?.();
  console.log(`\n==> ${stage.name}`);
  rmSync(counts, { force: true });
  const start = Date.now();
  const result = reason
    ? { passed: 0, failed: 0, skipped: 1 }
    : await run(stage).then(({ code, last }) => counted(code, last));
  for (const key of Object.keys(total)) total[key] += result[key];
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  table.push(
    `${stage.name.padEnd(12)} ${seconds.padStart(7)} s  ${line(result)}${reason ? `: ${reason}` : ''}`,
  );
}

function line({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

console.log(
  `\n${table.join('\n')}\n${'total'.padEnd(12)} ${((Date.now() - began) / 1000).toFixed(1).padStart(7)} s`,
);
console.log(line(total));
process.exitCode = total.failed > 0 ? 1 : 0;
