// Made into a start-up snapshot by `node --build-snapshot dist/snapshot.cjs ENTRY` (boot.ts does): V8's heap with the
// command line ENTRY (boot.ts) in it, loaded, compiled and with the flags of its most used verbs defined.
// Standard input tells what to compile (V8's code cache), all where it is empty. `node --snapshot-blob` goes on with
// what stands here as the main function.
import { readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { setFlagsFromString, startupSnapshot } from 'node:v8';
import { programOf, scriptOf } from './boot.ts';
import type { Entry } from './entries.ts';
import { MALLOC } from './flags.ts';

/** A function that is not compiled in the snapshot is compiled anew at every start that calls it. */
function compiledScript(entry: Entry) {
  const compiled = readFileSync(0);
  if (compiled.length > 0) {
    const script = scriptOf(entry, compiled);
    // Node 22 and later make snapshots with flags of V8's that they do not run with
    if (!script.cachedDataRejected) return script;
  }
  setFlagsFromString('--no-lazy');
  const script = scriptOf(entry);
  setFlagsFromString('--lazy');
  return script;
}

const entry = process.argv[2] as Entry;
const program = programOf(compiledScript(entry), entry);
program.warm(entry);

startupSnapshot.setDeserializeMainFunction(() => {
  // the launcher's, for the reading of the snapshot: no business of the programs that we start
  if (process.env.GLIBC_TUNABLES === MALLOC) delete process.env.GLIBC_TUNABLES;
  // The launcher puts the package's directory where a script's name would stand. There may be links on the way to it.
  program.setPackageRoot(realpathSync.native(process.argv[1] ?? ''));
  program.setCodeDirectory?.(
    dirname(process.execArgv[process.execArgv.indexOf('--snapshot-blob') + 1] ?? ''),
  );
  program.start();
});
