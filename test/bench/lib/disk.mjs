// A file system of the benchmark's own: ext4 with its journal, in a file on a loop device.

import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const SIZE = '6G';

function run(...argv) {
  const { status, stderr, error } = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8' });
  if (error || status !== 0) throw new Error(`${argv[0]}: ${error?.message ?? stderr.trim()}`);
}

/**
 * Mounts one below `directory`; where there are no loop devices its place is `directory` itself, with the reason. What a
 * contender writes is what the one before it deleted, and an ext4 without a journal (many virtual machines have one)
 * looks at each inode deleted in the last minutes before it takes another: 0.5 ms a file, which would be measured instead.
 */
export function makeDisk(directory) {
  mkdirSync(directory, { recursive: true });
  const image = join(directory, 'disk.img');
  const place = join(directory, 'disk');
  try {
    run('truncate', '-s', SIZE, image);
    run('mkfs.ext4', '-q', '-F', image);
    mkdirSync(place);
    run('mount', '-o', 'loop', image, place);
  } catch (error) {
    rmSync(image, { force: true });
    return { directory, why: error.message, close: () => {} };
  }
  const close = () => {
    run('umount', place);
    rmSync(image);
  };
  return { directory: place, close };
}
