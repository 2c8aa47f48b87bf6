// What an engine holds for a container that does nothing.

import { readFileSync } from 'node:fs';
import { ask, engines, nextName } from './lib/engines.mjs';

const MANY = 20;
const MONITOR = 'tinyrun monitor';
const ALL = 'tinyrun, all';

export const section = {
  name: 'idle',
  order: 12,
  title: 'Memory of an idle container',
  about:
    `${MANY} of \`run -d busybox sleep\`. The monitor by its largest resident set (VmHWM), and all processes that are not ` +
    'the container by their proportional share (PSS), divided by the containers; for Docker its shims, without the daemon.',
  unit: 'kB',
  base: ALL,
  runs: 3,
  open,
};

const parentOf = (pid) =>
  Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1).split(' ')[1]);
const kilobytes = (pid, file, name) =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'latin1'))[1]);

/** The processes that brought up these: the parents of their first ones, each once. */
const parents = (argv, ids) => [
  ...new Set(ids.map((id) => parentOf(Number(ask([...argv, 'inspect', '-f', '{{.State.Pid}}', id]))))),
];

function held(argv, look) {
  const ids = Array.from({ length: MANY }, () =>
    ask([...argv, 'run', '-d', '--network', 'none', '--name', nextName(), 'busybox', 'sleep', '1000']),
  );
  try {
    return look(parents(argv, ids));
  } finally {
    ask([...argv, 'rm', '-f', ...ids]);
  }
}

const sum = (numbers) => numbers.reduce((all, each) => all + each, 0);
const share = (pids) => sum(pids.map((pid) => kilobytes(pid, 'smaps_rollup', 'Pss'))) / MANY;
const largest = (pids) => Math.max(...pids.map((pid) => kilobytes(pid, 'status', 'VmHWM')));

async function open(context) {
  const { all, tinyrun, skipped } = await engines(context);
  const contenders = [
    { name: MONITOR, measure: () => held(tinyrun, largest) },
    { name: ALL, measure: () => held(tinyrun, share) },
  ];
  if (all.docker) contenders.push({ name: 'docker, shims', measure: () => held(all.docker, share) });
  const targets = [
    { what: 'a monitor at most 0.5 MB', contender: MONITOR, plus: 512 },
    { what: 'all at most 1 MB', contender: ALL, plus: 1024 },
  ];
  return { contenders, targets, skipped };
}
