// node scripts/train.mjs ENTRY HOME FILE: runs the most used verbs of a command line on containers of its own below the
// directory HOME, and writes what V8 compiled meanwhile (its code cache) into FILE, for the start-up snapshot. Needs root
// and the embedded image. What of the far bundle was compiled is in FILE.far. Without FILE it only runs them: the first container imports and unpacks the image, which no
// later one does, so that is left to a process that nobody learns from.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { trainingOf } from './lib/training.mjs';

const { programOf, scriptOf } = createRequire(import.meta.url)('../dist/boot.cjs');
const [, , entry, home, file] = process.argv;

const script = scriptOf(entry);
const program = programOf(script, entry);
const lines = trainingOf(entry, { home, first: !file });
const last = lines.pop();
for (const argv of lines)
  if ((await program.main(argv)) !== 0) throw new Error(`train: ${entry} ${argv.join(' ')} failed`);
// The last one as a process does it, so that how one starts and ends is learnt, too; who ends well has these called.
process.argv.splice(2, Number.POSITIVE_INFINITY, ...last);
program.setPackageRoot(dirname(import.meta.dirname));
const atExit = () => {
  if (!file) return;
  writeFileSync(file, script.createCachedData());
  const far = program.farCode?.();
  if (far) writeFileSync(`${file}.far`, far);
};
process.once('exit', atExit);
Object.assign(process, { [Symbol.for('tinyrun.beforeExit')]: atExit });
program.start();
