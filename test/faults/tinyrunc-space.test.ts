// A full disk under tinyrunc: one line that says so, nothing left behind, and it works again when there is room.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Bench } from '../support/bench.ts';
import { testSpec } from '../support/spec.ts';

let bench: Bench;
let small: string;
beforeAll(() => {
  bench = new Bench();
  small = join(bench.dir, 'small');
  mkdirSync(small);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]);
  expect(status).toBe(0);
});
afterAll(() => {
  spawnSync('umount', ['-l', small]);
  bench.dispose();
});

/** Fills the file system but for `spare` pages. */
function fill(spare: number): void {
  for (let page = 0; page < 16 - spare; page++) {
    try {
      writeFileSync(join(small, `fill-${page}`), Buffer.alloc(4096));
    } catch {
      return;
    }
  }
}

function free(): void {
  for (const name of readdirSync(small).filter((entry) => entry.startsWith('fill-')))
    rmSync(join(small, name));
}

it.each([0, 1, 2, 3])('with room for %i files', (spare) => {
  const id = bench.id();
  const root = join(small, 'root');
  const bundle = bench.bundle(testSpec(['echo', 'hello']));
  fill(spare);
  const result = bench.run(['run', '-b', bundle, id], { global: ['--root', root] });
  if (spare === 0) expect(result.status).not.toBe(0);
  if (result.status !== 0) {
    expect(result.stderr).toMatch(/no space left on device/);
    expect(result.stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
  }
  expect(existsSync(join(root, id))).toBe(false);
  expect(existsSync(join('/sys/fs/cgroup/unified', id)) || existsSync(join('/sys/fs/cgroup', id))).toBe(
    false,
  );
  free();
  expect(bench.ok(['run', '-b', bundle, id], { global: ['--root', root] })).toBe('hello\n');
});
