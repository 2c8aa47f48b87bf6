// One layer of many small files, against tar.

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const TINYRUN = "tinyrun's unpacking thread";
const TAR = 'tar -xzf';

export const section = {
  name: 'unpack',
  order: 7,
  title: 'Unpacking 50,000 small files',
  about:
    'A gzip layer of 500 directories with 100 files of 1 to 2 kB each. Ours hashes the archive on the way (its diff id).',
  unit: 'ms',
  base: TAR,
  runs: 9,
  open,
};

function makeLayer(directory) {
  const tree = join(directory, 'tree');
  for (let i = 0; i < 500; i++) {
    const below = join(tree, `d${i}`);
    mkdirSync(below, { recursive: true });
    for (let j = 0; j < 100; j++)
      writeFileSync(join(below, `f${j}`), `${i * j}\n`.repeat(200 + ((i + j) % 200)));
  }
  const layer = join(directory, 'layer.tar.gz');
  const { status } = spawnSync('tar', ['-czf', layer, '-C', tree, '.']);
  if (status !== 0) throw new Error('tar could not pack');
  return layer;
}

async function open({ root, directory, host }) {
  const layer = makeLayer(directory);
  const target = (name) => join(directory, name);
  const turn = (name, ...argv) =>
    host.ask({ prepare: [['rm', '-rf', target(name)], ['mkdir', target(name)], ['sync']], timed: [argv] });
  const script = join(root, 'test/bench/lib/unpack.cjs');
  return {
    contenders: [
      { name: TINYRUN, measure: () => turn('ours', process.execPath, script, layer, target('ours')) },
      { name: TAR, measure: () => turn('tar', 'tar', '-xzf', layer, '-C', target('tar')) },
    ],
    targets: [{ what: 'at most 0.8 × tar -xzf', contender: TINYRUN, base: TAR, factor: 0.8 }],
  };
}
