// What a container in `created` holds: the process that waits for start.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment } from './lib/child.mjs';
import { create, nextId, remove, runtimes } from './lib/oci.mjs';

export const section = {
  name: 'memory',
  order: 5,
  title: 'Resident memory of a created container',
  about: 'VmRSS of the process that waits for `start`: tinyrun-init, and `runc init`.',
  unit: 'kB',
  base: 'runc',
  runs: 3,
  open,
};

function residentMemory(pidFile) {
  const pid = readFileSync(pidFile, 'utf8').trim();
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function open(context) {
  const { directory } = context;
  const run = (argv) => {
    const { status } = spawnSync(argv[0], argv.slice(1), { stdio: 'ignore', env: cleanEnvironment() });
    if (status !== 0) throw new Error(`${argv.join(' ')}: exit ${status}`);
  };
  const contenders = Object.entries(runtimes(context, ['true'])).map(([name, runtime]) => ({
    name,
    measure: async () => {
      const id = nextId();
      const pidFile = join(directory, `${name}.pid`);
      run(create(runtime, id, '--pid-file', pidFile));
      try {
        return residentMemory(pidFile);
      } finally {
        run(remove(runtime, id));
      }
    },
  }));
  return { contenders, targets: [{ what: 'at most 1 MB', contender: 'tinyrunc', plus: 1024 }] };
}
