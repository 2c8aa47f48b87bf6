// What people type all day, beside a dockerd.

import { ask, engines, nextName } from './lib/engines.mjs';

const NODE = 'node -e 0';
const MANY = 200;

export const section = {
  name: 'engine',
  order: 10,
  title: 'The everyday verbs',
  about:
    `One command each, on busybox without a network. \`ps\` lists ${MANY} containers, one of them running; \`stop\` ends a ` +
    'program that ends at the first signal.',
  unit: 'ms',
  base: NODE,
  runs: 30,
  open,
};

const START = ['run', '-d', '--network', 'none'];
const WILLING = ['busybox', 'sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1000 & wait; done'];

async function open(context) {
  const { host } = context;
  const { all, skipped } = await engines(context);
  const time = (order) => host.ask(order);
  const contenders = [{ name: NODE, measure: () => time({ timed: [[process.execPath, '-e', '0']] }) }];
  for (const [name, argv] of Object.entries(all)) {
    const on = (...args) => [...argv, ...args];
    const kept = nextName();
    ask(on(...START, '--name', kept, 'busybox', 'sleep', '1000'));
    for (let i = 1; i < MANY; i++) ask(on('create', '--network', 'none', 'busybox', 'true'));
    const fresh = (order) => {
      const id = nextName();
      return time({ ...order(id), after: [on('rm', '-f', id)] });
    };
    contenders.push(
      {
        name: `${name} run -d`,
        measure: () => fresh((id) => ({ timed: [on(...START, '--name', id, 'busybox', 'sleep', '1000')] })),
      },
      { name: `${name} ps`, measure: () => time({ timed: [on('ps', '-a')] }) },
      { name: `${name} exec`, measure: () => time({ timed: [on('exec', kept, 'true')] }) },
      {
        name: `${name} stop`,
        measure: () =>
          fresh((id) => ({
            prepare: [on(...START, '--name', id, ...WILLING), on('exec', id, 'true')],
            timed: [on('stop', id)],
          })),
      },
    );
  }
  return { contenders, targets, skipped };
}

const targets = [
  { what: 'tinyrun run -d at most node -e 0 + 15 ms', contender: 'tinyrun run -d', base: NODE, plus: 15 },
  { what: `tinyrun ps of ${MANY} at most node -e 0 + 20 ms`, contender: 'tinyrun ps', base: NODE, plus: 20 },
  { what: 'tinyrun stop at most node -e 0 + 10 ms', contender: 'tinyrun stop', base: NODE, plus: 10 },
  {
    what: 'tinyrun exec at most 0.4 × docker exec',
    contender: 'tinyrun exec',
    base: 'docker exec',
    factor: 0.4,
  },
];
