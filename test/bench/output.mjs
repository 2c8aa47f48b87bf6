// A gigabyte that a container writes: on its way through the monitor, and read back from its log.

import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ask, engines, nextName } from './lib/engines.mjs';

const SIZE = 1e9;
const NO_LOG = 'run --log-driver none';
const LOG = 'run -d, until it is logged';
const LOGS = 'logs to a file';
const DECODER = 'cat through a JSON decoder in C';

export const section = {
  name: 'output',
  order: 13,
  title: 'A gigabyte of output',
  about:
    'Lines of 100 bytes, by `cat` of a file that is in memory: to a command whose output is thrown away, and into a log ' +
    'as it is by default (tinyrun keeps 30 MB of it, Docker all). `logs` reads a log that was kept whole into a file on ' +
    'a tmpfs; the decoder in C does no more than that.',
  unit: 'ms',
  base: `tinyrun ${NO_LOG}`,
  runs: 3,
  open,
};

async function open(context) {
  const { state, host } = context;
  const { all, tinyrun, skipped } = await engines(context);
  const data = join(state, 'data');
  context.atEnd(() => rmSync(data, { force: true }));
  makeLines(data);
  const mount = ['--network', 'none', '-v', `${data}:/data:ro`];
  const contenders = [];
  for (const [name, argv] of Object.entries(all)) {
    const on = (...args) => [...argv, ...args];
    const timed = (...lines) => host.ask({ timed: lines });
    const print = ['busybox', 'cat', '/data'];
    const detached = async () => {
      const id = nextName();
      const taken = await timed(on('run', '-d', '--name', id, ...mount, ...print), on('wait', id));
      ask(on('rm', id));
      return taken;
    };
    contenders.push(
      {
        name: `${name} ${NO_LOG}`,
        measure: () => timed(on('run', '--log-driver', 'none', ...mount, ...print)),
      },
      { name: `${name} ${LOG}`, measure: detached },
    );
  }
  contenders.push(...readers({ ...context, tinyrun, mount }));
  return { contenders, targets, skipped };
}

function makeLines(path) {
  const fd = openSync(path, 'w');
  const line = `${'tinyrun bench '.repeat(8).slice(0, 99)}\n`;
  const piece = line.repeat(10_000);
  for (let size = 0; size < SIZE; size += piece.length) writeSync(fd, piece);
  closeSync(fd);
}

/** Docker's `logs` is none of them: it takes more than a minute. */
function readers({ root, directory, state, host, tinyrun, mount }) {
  const [kept, copy, program] = [nextName(), join(state, 'copy'), join(directory, 'decode')];
  const on = (...args) => [...tinyrun, ...args];
  ask(on('run', '-d', '--name', kept, '--log-opt', 'max-size=4g', ...mount, 'busybox', 'cat', '/data'));
  ask(on('wait', kept));
  ask(['cc', '-O2', '-o', program, join(root, 'test/bench/lib/decode.c')]);
  const log = ask(on('inspect', '-f', '{{.LogPath}}', kept));
  const timed = (...argv) => host.ask({ timed: [argv] });
  return [
    {
      name: `tinyrun ${LOGS}`,
      measure: () => timed('sh', '-c', 'exec "$@" >"$0"', copy, ...on('logs', kept)),
    },
    { name: DECODER, measure: () => timed('sh', '-c', 'cat "$1" | "$2" >"$0"', copy, log, program) },
  ];
}

const targets = [
  { what: 'through the monitor, 1 GB/s without a log', contender: `tinyrun ${NO_LOG}`, plus: 1000 },
  { what: '300 MB/s with a log', contender: `tinyrun ${LOG}`, plus: 3333 },
  { what: 'logs 1 GB/s', contender: `tinyrun ${LOGS}`, plus: 1000 },
  { what: 'logs 0.9 × the decoder in C', contender: `tinyrun ${LOGS}`, base: DECODER, factor: 1 / 0.9 },
];
