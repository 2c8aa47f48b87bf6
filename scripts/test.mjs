// Runs the stages of the test suite one after another and adds up what they count. The last line is exactly
// "N passed, N failed, N skipped". A stage that ends well without counting itself counts as one passed.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { hostLacksControllers } from './host-cgroups.mjs';

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

/** `minutes` is when a stage is taken for hung; `skip` gives the reason for leaving it out, if there is one. */
const STAGES = [
  { name: 'check', command: ['node', 'scripts/check.mjs'], minutes: 5 },
  { name: 'unit', command: vitest('unit'), minutes: 5 },
  { name: 'native', command: ['scripts/test-native'], minutes: 12 },
  { name: 'integration', command: vitest('integration'), minutes: 15, skip: needsRoot },
  { name: 'vm', command: ['scripts/test-vm'], minutes: 8, skip: needsNoVm },
  { name: 'vm-systemd', command: ['scripts/test-vm', 'systemd'], minutes: 8, skip: lacksSystemd },
  { name: 'sanitizers', command: ['scripts/test-sanitizers'], minutes: 10, skip: needsRoot },
  { name: 'cmake', command: ['scripts/test-cmake'], minutes: 8 },
  { name: 'prebuild', command: ['scripts/prebuild'], minutes: 6 },
  { name: 'package', command: ['scripts/test-package'], minutes: 8, skip: needsRoot },
];

function needsRoot() {
  return process.getuid?.() === 0 ? undefined : 'containers need root here, and this is not root';
}

function needsNoVm() {
  return hostLacksControllers() ? undefined : 'this host has the cgroup v2 controllers itself';
}

function lacksSystemd() {
  return existsSync('/lib/systemd/systemd') ? undefined : 'this host has no systemd to boot a guest with';
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
    const timer = setTimeout(() => {
      console.error(`test: stage ${stage.name} took more than ${stage.minutes} minutes and was ended`);
      process.kill(-child.pid, 'SIGKILL');
    }, stage.minutes * 60_000);
    child.on('error', (error) => {
      console.error(`test: ${file}: ${error.message}`);
      clearTimeout(timer);
      resolve({ code: 127, last });
    });
    child.on('close', (code) => {
      running = undefined;
      clearTimeout(timer);
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

const only = process.argv.slice(2);
const unknown = only.filter((name) => !STAGES.some((stage) => stage.name === name));
if (unknown.length > 0) {
  console.error(`test: no stage ${unknown.join(', ')}: ${STAGES.map((stage) => stage.name).join(' ')}`);
  process.exit(2);
}

mkdirSync(path.dirname(counts), { recursive: true });
const began = Date.now();
const total = { passed: 0, failed: 0, skipped: 0 };
const table = [];
for (const stage of STAGES.filter(({ name }) => only.length === 0 || only.includes(name))) {
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
