// Made into a start-up snapshot by `node --build-snapshot dist/snapshot.cjs ENTRY` (boot.ts does): V8's heap with the
// command line ENTRY (main or tinyrunc) in it, loaded, compiled and with the flags of its most used verbs defined.
// `node --snapshot-blob` goes on with what stands here as the main function.
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString, startupSnapshot } from 'node:v8';
import { Script } from 'node:vm';
import { MALLOC, type Program } from './boot.ts';

/** Runs a bundle with all its functions compiled: one that is not is compiled anew at every start that calls it. */
function load(filename: string): Program {
  const source = readFileSync(filename, 'utf8');
  setFlagsFromString('--no-lazy');
  const wrapper = `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
  const script = new Script(wrapper, { filename });
  setFlagsFromString('--lazy');
  const module = { exports: {} as Program };
  script.runInThisContext()(module.exports, require, module, filename, import.meta.dirname);
  return module.exports;
}

const program = load(join(import.meta.dirname, `${process.argv[2]}.cjs`));
program.warm();

startupSnapshot.setDeserializeMainFunction(() => {
  // the launcher's, for the reading of the snapshot: no business of the programs that we start
  if (process.env.GLIBC_TUNABLES === MALLOC) delete process.env.GLIBC_TUNABLES;
  // The launcher puts the package's directory where a script's name would stand. There may be links on the way to it.
  program.setPackageRoot(realpathSync.native(process.argv[1] ?? ''));
  program.start();
});
