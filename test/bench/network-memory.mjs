// What stays resident for networks.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from './lib/engines.mjs';
import { networkEngines, removeAll, sleeper } from './lib/networks.mjs';

const MANY = 20;
const USED = 'the resolver of 20 containers';
const UNUSED = 'without a network that somebody made';

export const section = {
  name: 'network-memory',
  order: 17,
  title: 'What stays resident for networks',
  about:
    'VmRSS of the resolver, the one process there is for networks, and of what there is without a network that needs it.',
  unit: 'kB',
  base: USED,
  runs: 3,
  open,
};

/** Resolvers that stand in the names of a run root. */
function resident(names) {
  const pids = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid));
  const sizes = pids.map((pid) => {
    try {
      if (readlinkSync(`/proc/${pid}/cwd`) !== names) return 0;
      return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
    } catch {
      return 0;
    }
  });
  return sizes.reduce((all, size) => all + size, 0);
}

async function open(context) {
  const { all, skipped, runRoot } = await networkEngines(context);
  const { tinyrun } = all;
  ask([...tinyrun.argv, 'network', 'create', 'front']);
  const held = (network) => async () => {
    for (let i = 0; i < MANY; i++) sleeper(tinyrun, '--network', network);
    try {
      return resident(join(runRoot, 'names'));
    } finally {
      removeAll(tinyrun.argv);
    }
  };
  const contenders = [
    { name: UNUSED, measure: held('bridge') },
    { name: USED, measure: held('front') },
  ];
  const targets = [
    { what: 'the resolver at most 45 MB', contender: USED, plus: 45 * 1024 },
    { what: 'nothing where no such network is in use', contender: UNUSED, plus: 0 },
  ];
  return { contenders, targets, skipped };
}
