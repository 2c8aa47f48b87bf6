// runc and tinyrunc side by side: the same command lines, each with its own state directory.

import { join } from 'node:path';

let counter = 0;
export const nextId = () => `bench-${process.pid}-${++counter}`;

/** The two runtimes as the beginnings of command lines. */
export function runtimes(root, directory) {
  return {
    tinyrunc: [join(root, 'bin/tinyrunc'), '--root', join(directory, 'tinyrunc')],
    runc: ['runc', '--root', join(directory, 'runc')],
  };
}

export const create = (runtime, bundle, id, ...flags) => [...runtime, 'create', '-b', bundle, ...flags, id];
export const start = (runtime, id) => [...runtime, 'start', id];
export const remove = (runtime, id) => [...runtime, 'delete', '--force', id];
