// scripts/mutants [--markdown] [NAME]...      default: all of them
//
// A test that cannot fail proves nothing. For each mutant of scripts/mutants.d: its test passes in an unchanged copy of the
// tree, then a defence is taken out of the copy, built, and the same test must fail while containers still run. Needs
// root; about ten seconds a mutant.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments } from './lib/usage.mjs';

const project = fileURLToPath(new URL('..', import.meta.url));
const {
  values: { markdown },
  positionals: names,
} = readArguments({ options: { markdown: { type: 'boolean' } }, words: true });

const tables = readdirSync(path.join(project, 'scripts/mutants.d')).sort();
const all = [];
for (const table of tables) all.push(...(await import(`./mutants.d/${table}`)).default);
const unknown = names.filter((name) => !all.some((mutant) => mutant.name === name));
if (unknown.length > 0) {
  console.error(`mutants: no mutant ${unknown.join(', ')}: ${all.map(({ name }) => name).join(' ')}`);
  process.exit(2);
}
const mutants = all.filter(({ name }) => names.length === 0 || names.includes(name));

/** Seconds that the tests of a row may take. */
const LIMIT = '240';

const copy = mkdtempSync(path.join(tmpdir(), 'tinyrun-mutants-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

function run(command, ...args) {
  return spawnSync(command, args, {
    cwd: copy,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, NODE_EXTRA_CA_CERTS: '' },
  });
}

/** The files of the checkout as they are now, and what was built of them: every further build takes seconds. */
function makeCopy() {
  const list = spawnSync('git', ['ls-files', '-zco', '--exclude-standard'], {
    cwd: project,
    encoding: 'utf8',
  });
  for (const file of list.stdout.split('\0').filter((name) => name && existsSync(path.join(project, name)))) {
    mkdirSync(path.dirname(path.join(copy, file)), { recursive: true });
    cpSync(path.join(project, file), path.join(copy, file), { preserveTimestamps: true });
  }
  for (const made of ['build', 'dist', 'rootfs-fixtures/out'])
    cpSync(path.join(project, made), path.join(copy, made), {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
    });
  symlinkSync(path.join(project, 'node_modules'), path.join(copy, 'node_modules'));
}

/** @throws when the copy cannot be built. */
function build() {
  const { status, stdout, stderr } = run('node', 'scripts/build.mjs', '--quick');
  if (status !== 0) throw new Error(`does not build:\n${(stdout + stderr).slice(-2000)}`);
}

/** Whether containers still run: a mutant that breaks all of it says nothing about its defence. */
function breathes() {
  const home = path.join(copy, '.cache/breathes');
  const env = {
    ...process.env,
    TINYRUN_ROOT: `${home}/data`,
    TINYRUN_RUN_ROOT: `${home}/run`,
    TINYRUN_NETWORK: 'none',
  };
  const { status } = spawnSync(path.join(copy, 'bin/tinyrun'), ['run', '--rm', 'busybox', 'true'], { env });
  return status === 0;
}

/** The scripts that run what vitest does not; their last line counts. */
const SCRIPTS = {
  native: ({ only }) => ['scripts/test-native', only],
  vm: ({ test: file }) => ['scripts/test-vm', path.basename(file, '.test.ts')],
};

function scripted(argv) {
  const counts = /^(\d+) passed, (\d+) failed/;
  const last =
    run(...argv)
      .stdout.trimEnd()
      .split('\n')
      .pop() ?? '';
  const [, passed = 0, failed = 1] = counts.exec(last) ?? [];
  return { passed: Number(passed), failed: Number(failed) };
}

/** How many tests of a row passed and failed. */
function test(mutant) {
  const { test: file, only, project: kind = 'integration' } = mutant;
  if (Object.hasOwn(SCRIPTS, kind)) return scripted(SCRIPTS[kind](mutant));
  const report = path.join(copy, '.cache/mutant.json');
  rmSync(report, { force: true });
  // unit and unit-addon
  const args = [
    'run',
    '--project',
    kind === 'unit' ? 'unit*' : kind,
    file,
    '--reporter=json',
    `--outputFile=${report}`,
  ];
  // A group of its own, ended whole: without its defence a test may well read /dev/zero until the end of days.
  run('timeout', '-s', 'KILL', LIMIT, 'node_modules/.bin/vitest', ...args, ...(only ? ['-t', only] : []));
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests: passed, numFailedTests: failed } = JSON.parse(readFileSync(report, 'utf8'));
  return { passed, failed };
}

/** Replaces each text, which must be there exactly once. Answers what takes the change back. */
function change(edits) {
  const originals = new Map();
  const restore = () => {
    for (const [file, text] of originals) writeFileSync(file, text);
  };
  for (const [name, from, to] of edits) {
    const file = path.join(copy, name);
    const text = readFileSync(file, 'utf8');
    if (!originals.has(file)) originals.set(file, text);
    const count = text.split(from).length - 1;
    if (count === 1) {
      writeFileSync(
        file,
        text.replace(from, () => to),
      );
      continue;
    }
    restore();
    throw new Error(`${name}: found ${count} times, not once: ${from.slice(0, 60)}`);
  }
  return restore;
}

const before = new Map();

/** 'killed', or what is wrong. */
function judge(mutant) {
  const key = `${mutant.test} ${mutant.only}`;
  if (!before.has(key)) before.set(key, test(mutant));
  const { passed, failed } = before.get(key);
  if (passed === 0 || failed > 0) return `not green before: ${passed} passed, ${failed} failed`;
  const restore = change(mutant.edits);
  try {
    build();
    if (!breathes()) return 'broken: no container runs';
    return test(mutant).failed > 0 ? 'killed' : 'SURVIVED';
  } finally {
    restore();
  }
}

const cells = ({ row, out, test: file, only = '' }, result) => [
  row,
  out,
  `${path.basename(file)}: ${only}`,
  result,
];

function print(columns) {
  console.log(
    markdown
      ? `| ${columns.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`
      : columns.join('  |  '),
  );
}

makeCopy();
build();
print(['row', 'defence taken out', 'test', 'result']);
if (markdown) print(['---', '---', '---', '---']);
let dirty = false;
for (const mutant of mutants) {
  let result;
  try {
    // What the one before left changed is built back first, so that the look before is at the tree as it is.
    const seen = before.has(`${mutant.test} ${mutant.only}`);
    if (dirty && !seen) build();
    dirty = true;
    result = judge(mutant);
  } catch (error) {
    result = error.message.replace(/\s+/g, ' ').slice(0, 400);
  }
  print(cells(mutant, result));
  if (result !== 'killed') process.exitCode = 1;
}
