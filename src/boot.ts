// Runs a bundle of dist/ with V8's code cache: without it V8 compiles anew, at every start, what the last start
// compiled. One cache for each verb, made by its first run, holding only what that verb executes.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';

/** Set at build: a digest of the bundles. V8 itself compares a cache with the source by length alone. */
declare const BUILD_ID: string;

/** Called by native().exitNow() before the process ends. */
export const BEFORE_EXIT = Symbol.for('tinyrun.beforeExit');

function cachePath(entry: string): string {
  const verb = process.argv[2] ?? '';
  const name = /^[a-z]{1,12}$/.test(verb) ? verb : 'other';
  return join(__dirname, 'cache', `${entry}-${name}-${BUILD_ID}-${process.version}-${process.arch}.bin`);
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined; // not there yet, or not ours to read: the bundle is compiled
  }
}

// Renamed into place, since V8 believes what it is given. An installation that only root may write to simply stays
// without until root runs it.
function writeCache(path: string, script: Script): void {
  try {
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, script.createCachedData(), { mode: 0o644 });
    renameSync(temporary, path);
  } catch {
    return;
  }
}

/** Loads dist/`entry`.cjs, which runs the command line of this process. */
export default function boot(entry: string): void {
  const filename = join(__dirname, `${entry}.cjs`);
  // The bundle is ASCII (esbuild's default), which as latin1 needs no decoding.
  const source = `(function(exports,require,module,__filename,__dirname){${readFileSync(filename, 'latin1')}\n})`;
  const path = cachePath(entry);
  const cachedData = readIfThere(path);
  const script = new Script(source, { filename, ...(cachedData && { cachedData }) });
  if (cachedData === undefined || script.cachedDataRejected) {
    const save = () => writeCache(path, script);
    process.once('exit', save);
    Object.assign(process, { [BEFORE_EXIT]: save });
  }
  script.runInThisContext()({}, require, { exports: {} }, filename, __dirname);
}
