// The short verbs of tinyrunc, each against the start of node itself.

import { spawnSync } from 'node:child_process';
import { cleanEnvironment } from './lib/child.mjs';
import { create, nextId, remove, runtimes, start } from './lib/oci.mjs';

const NODE = 'node -e 0';

export const section = {
  name: 'verbs',
  order: 3,
  title: '`state`, `kill` and `start`',
  about: 'One command each; `start` on a freshly created container, `kill` with a harmless signal.',
  unit: 'ms',
  base: NODE,
  runs: 20,
  open,
};

async function open(context) {
  const { host, atEnd } = context;
  const { tinyrunc, runc } = runtimes(context, ['sleep', '1000']);
  const run = (argv) => spawnSync(argv[0], argv.slice(1), { stdio: 'ignore', env: cleanEnvironment() });
  const id = nextId();
  for (const runtime of [tinyrunc, runc]) {
    atEnd(() => run(remove(runtime, id)));
    for (const argv of [create(runtime, id), start(runtime, id)]) run(argv);
  }
  const time = (order) => host.ask(order);
  const one = (runtime, ...args) => time({ timed: [[...runtime.argv, ...args]] });
  const freshStart = (runtime) => {
    const fresh = nextId();
    return time({
      prepare: [create(runtime, fresh)],
      timed: [start(runtime, fresh)],
      after: [remove(runtime, fresh)],
    });
  };
  const contenders = [
    { name: NODE, measure: () => time({ timed: [[process.execPath, '-e', '0']] }) },
    ...Object.entries({ tinyrunc, runc }).flatMap(([name, runtime]) => [
      { name: `${name} state`, measure: () => one(runtime, 'state', id) },
      { name: `${name} kill`, measure: () => one(runtime, 'kill', id, 'CONT') },
      { name: `${name} start`, measure: () => freshStart(runtime) },
    ]),
  ];
  const targets = ['state', 'kill', 'start'].map((verb) => ({
    what: `tinyrunc ${verb} at most node -e 0 + 8 ms`,
    contender: `tinyrunc ${verb}`,
    base: NODE,
    plus: 8,
  }));
  return { contenders, targets };
}
