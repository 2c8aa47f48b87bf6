// The most memory a pull holds.

import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment } from './lib/child.mjs';
import { startRegistry } from './lib/registry.mjs';

const TINYRUN = 'tinyrun pull';

export const section = {
  name: 'pull-memory',
  order: 8,
  title: 'Memory of a pull',
  about: 'VmHWM, the largest resident set, of `tinyrun pull` of the image above, with its threads.',
  unit: 'kB',
  base: TINYRUN,
  runs: 3,
  open,
};

/** VmHWM only grows, so that the last look before the end is close to the whole. */
function peakMemory(argv) {
  const child = spawn(argv[0], argv.slice(1), { stdio: 'ignore', env: cleanEnvironment() });
  let peak = 0;
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peak = Math.max(peak, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
    } catch (error) {
      if (!['ENOENT', 'ESRCH'].includes(error.code)) throw error;
    }
  }, 5);
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => {
      clearInterval(look);
      if (code === 0) resolve(peak);
      else reject(new Error(`exit ${code}`));
    });
  });
}

async function open({ root, directory, atEnd }) {
  const registry = await startRegistry({ root, directory: join(directory, 'registry'), atEnd });
  if (registry.why) return { contenders: [], skipped: [{ name: TINYRUN, why: registry.why }] };
  const data = join(directory, 'data');
  const measure = () => {
    rmSync(data, { recursive: true, force: true });
    return peakMemory([join(root, 'bin/tinyrun'), '--data-root', data, 'pull', '-q', registry.reference]);
  };
  return {
    contenders: [{ name: TINYRUN, measure }],
    targets: [{ what: 'at most 100 MB', contender: TINYRUN, plus: 100_000 }],
  };
}
