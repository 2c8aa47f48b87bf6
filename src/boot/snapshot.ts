// Made into a start-up snapshot by `node --build-snapshot dist/snapshot.cjs ENTRY` (boot.ts does): V8's heap with the
// command line ENTRY (boot.ts) in it, loaded, compiled and with the flags of its most used verbs defined.
// Standard input tells what to compile (V8's code cache), all where it is empty. `node --snapshot-blob` goes on with
// what stands here as the main function.
import { readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { startupSnapshot as StartupSnapshot } from 'node:v8';
import { programOf, scriptOf } from './boot.ts';
import type { Entry } from './entries.ts';
import { MALLOC } from './flags.ts';

/**
 * What node:v8 has as `startupSnapshot`. That module brings all streams with it, a quarter of a megabyte that would be read at
 * each start (1.1 ms); with --expose-internals, which the build starts node with, the part alone is had.
 */
function snapshotApi(entry: Entry): Pick<typeof StartupSnapshot, 'setDeserializeMainFunction'> {
  // logs, attach and the rest talk to monitors, by streams
  if (entry === 'main') return v8().startupSnapshot;
  try {
    return require('internal/v8/startup_snapshot').namespace;
  } catch {
    // a node that keeps it elsewhere
    return v8().startupSnapshot;
  }
}

/** The same of it. */
function setFlag(flag: string): void {
  try {
    require('internal/test/binding').internalBinding('v8').setFlagsFromString(flag);
  } catch {
    v8().setFlagsFromString(flag);
  }
}

const v8 = (): typeof import('node:v8') => require('node:v8');

/** A function that is not compiled in the snapshot is compiled anew at every start that calls it. */
function compiledScript(entry: Entry) {
  const compiled = readFileSync(0);
  if (compiled.length > 0) {
    const script = scriptOf(entry, compiled);
    // Node 22 and later make snapshots with flags of V8's that they do not run with
    if (!script.cachedDataRejected) return script;
  }
  setFlag('--no-lazy');
  const script = scriptOf(entry);
  setFlag('--lazy');
  return script;
}

const entry = process.argv[2] as Entry;
const program = programOf(compiledScript(entry), entry);
program.warm(entry);

snapshotApi(entry).setDeserializeMainFunction(() => {
  // the launcher's, for the reading of the snapshot: no business of the programs that we start
  if (process.env.GLIBC_TUNABLES === MALLOC) delete process.env.GLIBC_TUNABLES;
  // The launcher puts the package's directory where a script's name would stand. There may be links on the way to it.
  program.setPackageRoot(realpathSync.native(process.argv[1] ?? ''));
  program.setCodeDirectory?.(
    dirname(process.execArgv[process.execArgv.indexOf('--snapshot-blob') + 1] ?? ''),
  );
  program.start();
});
