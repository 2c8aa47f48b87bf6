// runc and tinyrunc side by side: the same command lines, each with its own bundle and state directory.

import { join } from 'node:path';
import { makeBundle } from '../../../scripts/lib/bundle.mjs';

let counter = 0;
export const nextId = () => `bench-${process.pid}-${++counter}`;

/**
 * The two runtimes: the beginning of a command line, and a bundle that runs `args`. On cgroup v1 runc puts its container
 * into a cpu cgroup, which admits a process of a real-time class only with a share of that class's time.
 */
export function runtimes({ root, directory, state, realtime }, args) {
  const cpu = { realtimeRuntime: 50_000, realtimePeriod: 1_000_000 };
  return {
    tinyrunc: {
      argv: [join(root, 'bin/tinyrunc'), '--root', join(state, 'tinyrunc')],
      bundle: makeBundle(join(directory, 'bundle'), args),
    },
    runc: {
      argv: ['runc', '--root', join(state, 'runc')],
      bundle: makeBundle(join(directory, 'bundle-runc'), args, realtime ? { resources: { cpu } } : {}),
    },
  };
}

export const create = ({ argv, bundle }, id, ...flags) => [...argv, 'create', '-b', bundle, ...flags, id];
export const start = ({ argv }, id) => [...argv, 'start', id];
export const remove = ({ argv }, id) => [...argv, 'delete', '--force', id];
