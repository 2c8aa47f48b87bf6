// `true` in a container that runs already.

import { spawnSync } from 'node:child_process';
import { cleanEnvironment } from './lib/child.mjs';
import { create, nextId, remove, runtimes, start } from './lib/oci.mjs';

export const section = {
  name: 'exec',
  order: 4,
  title: '`exec` of `true` in a running container',
  about: 'From the start of the command to the exit code.',
  unit: 'ms',
  base: 'runc exec',
  runs: 30,
  open,
};

async function open(context) {
  const { host, atEnd } = context;
  const all = Object.entries(runtimes(context, ['sleep', '1000']));
  const id = nextId();
  const run = (argv) => spawnSync(argv[0], argv.slice(1), { stdio: 'ignore', env: cleanEnvironment() });
  for (const [, runtime] of all) {
    atEnd(() => run(remove(runtime, id)));
    for (const argv of [create(runtime, id), start(runtime, id)]) run(argv);
  }
  const contenders = all.map(([name, runtime]) => ({
    name: `${name} exec`,
    measure: () => host.ask({ timed: [[...runtime.argv, 'exec', id, 'true']] }),
  }));
  const targets = [
    { what: 'at most 1.3 × runc exec', contender: 'tinyrunc exec', base: 'runc exec', factor: 1.3 },
  ];
  return { contenders, targets };
}
