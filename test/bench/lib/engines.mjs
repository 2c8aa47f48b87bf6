// tinyrun and a dockerd of our own side by side: the same command lines, on the same disk, with the same busybox.

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeRootfs } from '../../../scripts/lib/rootfs.mjs';
import { cleanEnvironment } from './child.mjs';
import { startDocker } from './docker.mjs';

let counter = 0;
export const nextName = () => `bench-${process.pid}-${++counter}`;

/** The beginnings of command lines; `docker` is left out where there is no dockerd, with the reason in `skipped`. */
export async function engines({ root, directory, state, realtime, atEnd }) {
  mkdirSync(state, { recursive: true });
  const rootfs = join(directory, 'rootfs');
  makeRootfs(rootfs);
  const docker = await startDocker({ directory: join(directory, 'docker'), rootfs, realtime, atEnd });
  const roots = ['--data-root', join(directory, 'data'), '--run-root', join(state, 'tinyrun')];
  const tinyrun = [join(root, 'bin/tinyrun'), ...roots];
  const skipped = docker.why ? [{ name: 'docker', why: docker.why }] : [];
  const all = { tinyrun, ...(docker.why ? {} : { docker: ['docker', '-H', docker.host] }) };
  for (const argv of Object.values(all)) atEnd(() => removeAll(argv));
  return { all, tinyrun, skipped };
}

/** Answers what it printed. */
export function ask(argv, more = {}) {
  const options = { encoding: 'utf8', env: cleanEnvironment(), maxBuffer: 1 << 30, ...more };
  const { status, stdout, stderr, error } = spawnSync(argv[0], argv.slice(1), options);
  if (error) throw error;
  if (status !== 0) throw new Error(`${argv.join(' ')}: exit ${status}: ${stderr.trim().slice(-400)}`);
  return stdout.trim();
}

/** Out of reach of a terminal's Ctrl-C. */
function removeAll(argv) {
  const own = { detached: true };
  const ids = ask([...argv, 'ps', '-aq'], own)
    .split('\n')
    .filter(Boolean);
  if (ids.length > 0) ask([...argv, 'rm', '-f', ...ids], own);
}
