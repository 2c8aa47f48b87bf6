// The command lines that the build runs to learn what the most used verbs compile (scripts/train.mjs).
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeBundle } from './bundle.mjs';

/**
 * Those of a snapshot's entry, on containers below the directory `home`. The `first` ones make what the others need, and nobody
 * learns from them.
 */
export function trainingOf(entry, { home, first }) {
  // of this build alone: builds of several checkouts share the host's cgroups
  const [long, brief] = ['long', 'brief'].map((name) => `${name}-${basename(home)}`);
  const bundle = (...args) => {
    const directory = join(home, args[0]);
    return existsSync(directory) ? directory : makeBundle(directory, args);
  };
  const create = () => ['create', '-b', bundle('sleep', '60'), long];
  const daily = { main: first ? DAILY(long).slice(0, 1) : DAILY(long).slice(1), run: MAKING(long) }[entry];
  if (daily)
    return daily.map((line) => ['--data-root', join(home, 'data'), '--run-root', join(home, 'run'), ...line]);
  const verbs =
    entry === 'brief'
      ? first
        ? [create()]
        : BRIEF(long)
      : tinyrunc(create(), long, ['run', '-b', bundle('true'), brief]);
  return verbs.map((line) => ['--root', join(home, 'tinyrunc'), ...line]);
}

/** What podman and containerd call for a container: what makes a process, */
const tinyrunc = (create, id, run) => [
  create,
  ['start', id],
  ['exec', id, 'true'],
  ['delete', '--force', id],
  run,
];

/** and the rest, whose container is made by the process before. A test keeps them equal to the brief verbs of tinyrunc. */
export const BRIEF = (id) => [
  ['start', id],
  ['state', id],
  ['kill', id, 'KILL'],
  ['delete', '--force', id],
];

const NEW = ['--pull', 'never'];

/** What makes containers, whole, as what is not called is not learnt; the last one as most often. */
export const MAKING = (name) => [
  ['run', '-d', ...NEW, '--name', name, 'busybox', 'sleep', '60'],
  ['rm', '-f', name],
  ['run', '--rm', '--network', 'none', ...NEW, 'busybox', 'true'],
  ['run', '--rm', ...NEW, 'busybox', 'true'],
];

/** What else people do all day, with the container that is made first. A test holds the hot verbs against both. */
export const DAILY = (name) => [
  ['run', '-d', ...NEW, '--name', name, 'busybox', 'sleep', '60'],
  ['ps', '-a'],
  ['exec', name, 'true'],
  ['logs', name],
  ['inspect', name],
  ['stop', '-t', '0', name],
  ['start', name],
  ['kill', name],
  ['rm', '-f', name],
  ['images'],
  ['ps'],
];
