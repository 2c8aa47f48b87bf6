// npm run bench [-- --only SECTION]… [--runs N] [--json FILE] [--doc] [--realtime]
//
// One interleaved run: in each section every contender is warmed up, then all take turns, so that whatever else the
// machine does meets all of them alike. Sections are the files of test/bench; --doc writes the figures into
// docs/performance.md; --realtime runs all of it under SCHED_RR, so that the other work of a busy machine waits.
// Needs root.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanEnvironment, hostStopwatch, unifiedStopwatch } from '../test/bench/lib/child.mjs';
import { makeDisk } from '../test/bench/lib/disk.mjs';
import { Ending } from '../test/bench/lib/end.mjs';
import { footing, markdown, replaceFigures } from '../test/bench/lib/report.mjs';
import { judge, summarize } from '../test/bench/lib/stats.mjs';
import { readArguments } from './lib/usage.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const WARM_UP = 2;

const { values: flags } = readArguments({
  options: {
    only: { type: 'string', multiple: true },
    runs: { type: 'string' },
    json: { type: 'string' },
    doc: { type: 'boolean' },
    realtime: { type: 'boolean', default: false },
  },
});

// The rounds end, everything that was started is ended, and what was measured is printed.
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => (interrupted = true));

async function loadSections() {
  const files = readdirSync(join(ROOT, 'test/bench')).filter((name) => name.endsWith('.mjs'));
  const sections = await Promise.all(
    files.map(async (name) => (await import(join(ROOT, 'test/bench', name))).section),
  );
  const wanted = sections.filter(({ name }) => !flags.only || flags.only.includes(name));
  if (wanted.length === 0)
    throw new Error(`no such section; there are ${sections.map(({ name }) => name).join(', ')}`);
  return wanted.sort((a, b) => a.order - b.order);
}

/** A contender that cannot do it once is left out, with its reason: the others go on. */
async function warmUp(contenders, skipped) {
  const ready = [];
  for (const contender of contenders) {
    try {
      for (let i = 0; i < WARM_UP && !interrupted; i++) await contender.measure();
      ready.push(contender);
    } catch (error) {
      skipped.push({ name: contender.name, why: error.message.replaceAll(/\s+/g, ' ') });
    }
  }
  return ready;
}

/** One that fails on the way is left out like one that cannot start: half a set of figures would mislead. */
async function takeTurns(contenders, runs, skipped) {
  const values = Object.fromEntries(contenders.map(({ name }) => [name, []]));
  for (let i = 0; i < runs && !interrupted; i++)
    for (const { name, measure } of contenders) {
      if (!values[name]) continue;
      try {
        values[name].push(await measure());
      } catch (error) {
        skipped.push({ name, why: error.message.replaceAll(/\s+/g, ' ') });
        delete values[name];
      }
    }
  return values;
}

async function measureSection(section, context) {
  const ending = new Ending();
  try {
    const opened = await section.open({ ...context, atEnd: ending.atEnd });
    const { contenders, targets = [], skipped = [] } = opened;
    const ready = await warmUp(contenders, skipped);
    const values = await takeTurns(ready, Number(flags.runs ?? section.runs), skipped);
    const summaries = Object.fromEntries(
      Object.entries(values)
        .filter(([, list]) => list.length > 0)
        .map(([name, list]) => [name, summarize(list)]),
    );
    const { name, title, about, unit, base } = section;
    const judged = targets.map((target) => judge(target, summaries));
    return { name, title, about, unit, base, summaries, targets: judged, skipped, values };
  } finally {
    await ending.end();
  }
}

/** This program again, under SCHED_RR; answers its exit code. */
function again() {
  const argv = ['-r', '5', process.execPath, ...process.argv.slice(1)];
  const env = { ...cleanEnvironment(), TINYRUN_BENCH_REALTIME: '1' };
  const { status, error } = spawnSync('chrt', argv, { stdio: 'inherit', env });
  if (error) throw error;
  return status ?? 1;
}

async function main() {
  if (process.getuid() !== 0) throw new Error('the contenders need root: sudo npm run bench');
  if (flags.realtime && !process.env.TINYRUN_BENCH_REALTIME) {
    process.exitCode = again();
    return;
  }
  const ending = new Ending();
  try {
    await measureAll(await loadSections(), ending.atEnd);
  } finally {
    await ending.end();
  }
}

async function measureAll(sections, atEnd) {
  const directory = mkdtempSync(join(tmpdir(), 'tinyrun-bench-'));
  atEnd(() => rmSync(directory, { recursive: true, force: true }));
  // before the stopwatches: one of them has a mount namespace of its own, which sees nothing mounted later
  const place = makeDisk(directory, atEnd);
  if (place.why) process.stderr.write(`bench: on this machine's own file system: ${place.why}\n`);
  const host = hostStopwatch();
  const unified = unifiedStopwatch();
  atEnd(() => Promise.all([host.close(), unified.close()]));
  const machine = {
    cpus: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    kernel: release(),
    node: process.versions.node,
    date: new Date().toISOString().slice(0, 10),
    realtime: flags.realtime,
  };
  const results = [];
  for (const section of sections) {
    if (interrupted) break;
    const result = await measureSection(section, {
      root: ROOT,
      directory: join(place.disk, section.name),
      state: join(place.memory, section.name),
      host,
      unified,
      realtime: flags.realtime,
    });
    process.stdout.write(`${markdown(result)}\n`);
    results.push(result);
  }
  if (interrupted) throw new Error('interrupted: no figures are written');
  finish(machine, results);
}

function finish(machine, results) {
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify({ machine, sections: results }, null, 1)}\n`);
  if (!flags.doc) return;
  const path = join(ROOT, 'docs/performance.md');
  let page = readFileSync(path, 'utf8');
  for (const result of results) page = replaceFigures(page, result.name, markdown(result) + footing(machine));
  writeFileSync(path, page);
}

main().catch((error) => {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
});
