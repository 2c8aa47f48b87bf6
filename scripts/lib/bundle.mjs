// Bundles from busybox-static: of the low-level contenders of the benchmarks, and of what the build learns from.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeRootfs } from './rootfs.mjs';

const TINYRUNC = fileURLToPath(new URL('../../bin/tinyrunc', import.meta.url));

/**
 * A bundle directory that runs `args`; `linux` goes into that part of its config.json. Without the limits and device
 * rules of `spec`, which not every runtime can set everywhere.
 */
export function makeBundle(directory, args, linux = {}) {
  mkdirSync(directory, { recursive: true });
  makeRootfs(join(directory, 'rootfs'));
  execFileSync(TINYRUNC, ['spec', '--bundle', directory]);
  const file = join(directory, 'config.json');
  const spec = JSON.parse(readFileSync(file, 'utf8'));
  Object.assign(spec.process, { args, terminal: false, rlimits: [] });
  spec.mounts = spec.mounts.filter(({ type }) => type !== 'cgroup');
  delete spec.linux.resources;
  Object.assign(spec.linux, linux);
  writeFileSync(file, JSON.stringify(spec));
  return directory;
}
