// A process that starts programs and takes their time from spawn to exit: the same for every contender, small, with
// nothing else on its event loop. Orders come as lines of JSON: {prepare: [argv…], timed: [argv…], after: [argv…]}.

import { spawnSync } from 'node:child_process';
import { ftruncateSync, openSync, readFileSync, readSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

// Standard error goes to a file: a created container would hold a pipe open, and its reader would wait for it.
const logPath = join(tmpdir(), `tinyrun-bench-${process.pid}.log`);
const log = openSync(logPath, 'a+');
unlinkSync(logPath);

function lastWords() {
  const bytes = Buffer.alloc(4096);
  return bytes
    .toString('utf8', 0, readSync(log, bytes, 0, bytes.length, 0))
    .trim()
    .slice(-400);
}

function start(argv) {
  const [program, ...args] = argv;
  ftruncateSync(log, 0);
  const { status, signal, error } = spawnSync(program, args, {
    stdio: ['ignore', 'ignore', log],
    timeout: 60_000,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${signal ?? `exit ${status}`}: ${lastWords()}`);
}

/** Clean-up goes on whatever state the contender was left in. */
function attempt(argv) {
  spawnSync(argv[0], argv.slice(1), { stdio: 'ignore', timeout: 60_000 });
}

/** CPU time of all children that ended, milliseconds in steps of 10: cutime and cstime of proc(5). */
function childrenCpu() {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

function measure({ prepare = [], timed, after = [] }) {
  for (const argv of prepare) start(argv);
  try {
    const used = childrenCpu();
    const begin = process.hrtime.bigint();
    for (const argv of timed) start(argv);
    const ms = Number(process.hrtime.bigint() - begin) / 1e6;
    return { ms, cpu: childrenCpu() - used };
  } finally {
    for (const argv of after) attempt(argv);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = measure(JSON.parse(line));
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
