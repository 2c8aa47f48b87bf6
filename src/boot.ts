// Runs a bundle of dist/ with V8's code cache: without it V8 compiles anew, at every start, what the last start
// compiled. One cache for each verb, made by its first run, holding only what that verb executes.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

/** Set at build: a digest of the bundles. V8 itself compares a cache with the source by length alone. */
declare const BUILD_ID: string;

// A verb is an argument of letters; before it stand only global flags and their values.
function cachePath(entry: string): string {
  const verb = process.argv.slice(2).find((argument) => /^[a-z]{2,12}$/.test(argument)) ?? 'none';
  return join(__dirname, 'cache', `${entry}-${verb}-${BUILD_ID}-${process.version}-${process.arch}.bin`);
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined; // not there yet, or not ours to read: the bundle is compiled
  }
}

// The first run of a verb leaves an empty file and the second the cache: a first run unpacks an image or makes
// directories, and would burden every later start with code that is not run again. Renamed into place, since V8
// believes what it is given.
function save(path: string, first: boolean, script: Script): void {
  try {
    if (first) mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, first ? '' : script.createCachedData(), { mode: 0o644 });
    renameSync(temporary, path);
  } catch {
    return; // an installation that only root may write to stays without until root runs it
  }
}

/** Loads dist/`entry`.cjs, which runs the command line of this process. */
export default function boot(entry: string): void {
  const filename = join(__dirname, `${entry}.cjs`);
  // The bundle is ASCII (esbuild's default), which as latin1 needs no decoding; it is one function expression.
  const source = readFileSync(filename, 'latin1');
  const path = cachePath(entry);
  const found = readIfThere(path);
  const script = new Script(source, { filename, ...(found?.length && { cachedData: found }) });
  if (!found?.length || script.cachedDataRejected) {
    // What failed early (125: tinyrun itself) ran little of its verb; a container's own code says nothing of that.
    const atExit = (code: number) => {
      if (code === 0 || (entry === 'main' && code !== 125)) save(path, found === undefined, script);
    };
    process.once('exit', atExit);
    // native().exitNow() calls it, since it runs no 'exit' handlers.
    Object.assign(process, { [Symbol.for('tinyrun.beforeExit')]: atExit });
  }
  script.runInThisContext()({}, require, { exports: {} }, filename, __dirname);
}
