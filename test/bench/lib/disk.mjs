// File systems of the benchmark's own: an ext4 with its journal, in a file on a loop device, and a tmpfs, as /run is one.

import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const SIZE = '12G';

function run(...argv) {
  const { status, stderr, error } = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8' });
  if (error || status !== 0) throw new Error(`${argv[0]}: ${error?.message ?? stderr.trim()}`);
}

/**
 * Mounts them below `directory`; where there are no loop devices its place is `directory` itself, with the reason. What a
 * contender writes is what the one before it deleted, and an ext4 without a journal (many virtual machines have one)
 * looks at each inode deleted in the last minutes before it takes another: 0.5 ms a file, which would be measured instead.
 */
export function makeDisk(directory, atEnd) {
  const image = join(directory, 'disk.img');
  const [disk, memory] = [join(directory, 'disk'), join(directory, 'run')];
  mkdirSync(disk, { recursive: true });
  mkdirSync(memory);
  run('mount', '-t', 'tmpfs', 'tmpfs', memory);
  atEnd(() => run('umount', memory));
  try {
    run('truncate', '-s', SIZE, image);
    run('mkfs.ext4', '-q', '-F', image);
    run('mount', '-o', 'loop', image, disk);
  } catch (error) {
    rmSync(image, { force: true });
    return { disk, memory, why: error.message };
  }
  atEnd(() => run('umount', disk));
  return { disk, memory };
}
