// The command line is built as two bundles (scripts/lib/far.mjs). A start reads the near one, which lies in the start-up
// snapshot: V8 reads all of that, used or not. What takes long anyhow, or is seldom asked for, is read when it is; run.cjs
// and run-far.cjs are such a pair, too:
//
//   main.cjs ── import('./commands/pull.ts') ──→ far('src/cli/commands/pull.ts')
//      ↑                                            └─→ far.cjs, compiled when the snapshot was made (code.ts), or once a process
//      └────────── near('src/errors.ts') ←───────────── what both have is main.cjs's
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { packageRoot } from '../store/package.ts';
import { refuseOpenToOthers } from '../store/trust.ts';
import { codeOf } from './code.ts';

/** Answers a module by its name. */
type Require = (name: string) => unknown;
type FarModules = Readonly<Record<string, () => Promise<object>>>;
type Exports = { exports: { modules: FarModules } };

/** Of the build: the far bundle of this near one. */
declare const TINYRUN_FAR: string;

let modules: FarModules | undefined;
let script: Script | undefined;
let codeDirectory: string | undefined;

/** A start-up snapshot tells where it lies: compiled code is beside it, and trusted as it is. */
export function setCodeDirectory(directory: string): void {
  codeDirectory = directory;
}

/** What V8 has compiled of the far bundle by now, for processes to come. */
export const farCode = (): Buffer | undefined => script?.createCachedData();

/**
 * A module of the far bundle, by its path in the sources.
 * @param near answers modules of this bundle, @param builtin those of node
 */
export function far(name: string, near: Require, builtin: Require): Promise<object> {
  modules ??= load(near, builtin);
  const found = modules[name];
  if (!found) throw new Error(`${TINYRUN_FAR} has no ${name}: it is of another build`);
  return found();
}

function load(near: Require, builtin: Require): FarModules {
  const directory = join(packageRoot(), 'dist');
  const filename = join(directory, TINYRUN_FAR);
  // dist/ and the package: a snapshot that nobody else may write to has brought us here
  refuseOpenToOthers(filename, 2);
  const source = readFileSync(filename, 'utf8');
  const cachedData = codeDirectory === undefined ? undefined : codeOf(codeDirectory, filename);
  script = new Script(`(function (require, module, __dirname) {${source}\n})`, {
    filename,
    ...(cachedData && { cachedData }),
  });
  const module: Exports = { exports: { modules: {} } };
  const answer: Require = (name) => (name.startsWith('near:') ? near(name.slice(5)) : builtin(name));
  script.runInThisContext()(answer, module, directory);
  return module.exports.modules;
}
