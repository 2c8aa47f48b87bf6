// The launchers start a command line from its start-up snapshot (snapshot.ts), which takes node no longer than to start
// without any program. This is the way when there is none that fits:
//
//   bin/tinyrun (sh) ── dist/cache/BOOT_ID-FLAGS/PATH/OF/node/main.blob is there, for this node, and no NODE_OPTIONS
//        │ else                 └─→ node --snapshot-blob main.blob ─→ start() of main.ts
//        └─→ node bin/tinyrun ─→ boot() ─→ dist/main.cjs, start();  every tenth such start makes the snapshot
//
// V8 refuses a snapshot of another version, other flags or another processor, and node then ends. Hence the path of
// node, a link to the program it led to, that program's age (which the snapshot is given, too), and the boot id: a
// host that was not booted since has the processor it had.
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { Script } from 'node:vm';
import { randomBytes } from '../store/random.ts';
import { isTrusted } from '../store/trust.ts';
import { codeFile } from './code.ts';
import { keepDebuggerOut } from './debugger.ts';
import type { Entry } from './entries.ts';
import { FLAGS, TAG } from './flags.ts';

export { FLAGS };

/** What a bundle of dist/ exports that is a command line. */
export interface Program {
  /** Runs a command line and answers its exit code. */
  main(argv: readonly string[]): Promise<number>;
  /** Runs the command line of this process, and ends it. */
  start(): void;
  warm(entry: Entry): Promise<void>;
  /** Loads verbs, all of them without an argument. */
  ready(): Promise<void>;
  setPackageRoot(directory: string): void;
  /** Of `main` and `run`, which have a bundle beside them (far.ts). */
  setCodeDirectory?(directory: string): void;
  farCode?(): Buffer | undefined;
}

/** What V8 compiled (`createCachedData()`) of an entry's bundle, and of the one beside it. */
export interface Compiled {
  readonly code?: Buffer | undefined;
  readonly far?: Buffer | undefined;
}

/** The bundle of an entry. */
const bundleOf = (entry: Entry): string =>
  join(import.meta.dirname, entry === 'brief' ? 'tinyrunc.cjs' : `${entry}.cjs`);

/** The one beside it. */
const farOf = (entry: Entry): string =>
  join(import.meta.dirname, entry === 'run' ? 'run-far.cjs' : 'far.cjs');

/** The entry of the verbs that have one of their own. */
const OWN = { main: 'run', tinyrunc: 'brief' } as const;

/** A flag of node 22.14 and later. A file of that name beside the snapshot tells the launchers that this node has it. */
const QUIET = 'disable-sigusr1';

/** A machine of a few commands never wins back what making the snapshot costs. */
const STARTS = 10;

/** The bundle of an entry; `compiled` is what `createCachedData()` of an earlier one answered. */
export function scriptOf(entry: Entry, compiled?: Buffer): Script {
  const filename = bundleOf(entry);
  const source = readFileSync(filename, 'utf8');
  const wrapper = `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
  return new Script(wrapper, { filename, ...(compiled && { cachedData: compiled }) });
}

/** Loads what a bundle exports. */
export function programOf(script: Script, entry: Entry): Program {
  const module = { exports: {} as Program };
  const directory = import.meta.dirname;
  script.runInThisContext()(module.exports, require, module, bundleOf(entry), directory);
  return module.exports;
}

/** Runs the command line of this process. The launcher tells which verbs have a snapshot of their own, as it looks for them too. */
export default function boot(commandLine: 'main' | 'tinyrunc', own: readonly string[] = []): void {
  keepDebuggerOut();
  const words = process.argv.slice(2).filter((argument) => argument !== 'container');
  const verb = words.find((argument) => /^[a-z]{2,12}$/.test(argument)) ?? '';
  const entry = own.includes(verb) ? OWN[commandLine] : commandLine;
  const script = scriptOf(entry);
  const program = programOf(script, entry);
  const atExit = () => {
    if (!isTime(entry, process.argv0)) return;
    // What `tinyrun run` compiles is what matters there; the verbs of tinyrunc are called in turns.
    const code = verb === 'run' && entry === 'run' ? script.createCachedData() : undefined;
    makeSnapshot(entry, process.argv0, { code, far: program.farCode?.() });
  };
  process.once('exit', atExit);
  // native().exitNow() calls it, since it runs no 'exit' handlers
  Object.assign(process, { [Symbol.for('tinyrun.beforeExit')]: atExit });
  program.start();
}

const cache = join(import.meta.dirname, 'cache');

/** Counts the starts without a snapshot. An installation that this user may not write to stays without. */
function isTime(entry: Entry, node: string): boolean {
  if (process.env.NODE_OPTIONS || !isNode(node)) return false;
  const starts = join(cache, `${entry}.starts`);
  try {
    if (!isOurs(cache)) return false;
    appendFileSync(starts, '.', { mode: 0o644 });
    return statSync(starts).size % STARTS === 0;
  } catch {
    return false;
  }
}

/**
 * Whether `directory`, from the cache on down, is made and written by nobody but root and ourselves; what others may
 * have written (the cache of an earlier version, made under umask 0) goes. The launchers ask for the rest: tests of
 * sh know whether a file is one's own, but not what others may do with it.
 */
function isOurs(directory: string): boolean {
  if (directory !== cache && !isOurs(dirname(directory))) return false;
  const found = lstatSync(directory, { throwIfNoEntry: false });
  if (found && isTrusted(found)) return found.isDirectory();
  if (found && found.uid !== process.geteuid?.()) return false;
  if (found) rmSync(directory, { recursive: true });
  mkdirSync(directory, { recursive: directory === cache, mode: 0o755 });
  return true;
}

/** `node` is how a launcher finds it: this program, or links to it, not one that chooses a version and runs that. */
const isNode = (node: string) => isAbsolute(node) && realpathSync(node) === process.execPath;

/** And of these flags: the launchers look there. */
const ofThisBoot = () => `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}-${TAG}`;

/**
 * Makes the snapshot of an entry for the program `node` (absolute path), unless another process is at it. What
 * `compiled` tells is in it, or beside it, compiled; without that every function is, which a start takes 2 to 5 ms longer to read.
 * @returns whether there is one now.
 */
export function makeSnapshot(entry: Entry, node: string, { code, far }: Compiled = {}): boolean {
  const directory = join(cache, ofThisBoot(), node);
  const fresh = join(directory, `${entry}.new`);
  try {
    if (!isOurs(directory)) return false;
    removeOfEarlierBoots();
    if (isAbandoned(fresh)) rmSync(fresh);
    closeSync(openSync(fresh, 'wx', 0o644));
  } catch {
    return false;
  }
  const isMade = isNode(node) && build(entry, node, fresh, code);
  if (isMade) {
    removeOfAnotherNode(directory);
    if (isQuiet()) closeSync(openSync(join(directory, QUIET), 'w', 0o644));
    replaceLink(process.execPath, join(directory, 'node'));
    if (far) writeFar(directory, entry, far);
    renameSync(fresh, join(directory, `${entry}.blob`));
  } else {
    rmSync(fresh, { force: true });
  }
  return isMade;
}

/** Whole from the first moment: a start that finds it runs it. */
function writeFar(directory: string, entry: Entry, far: Buffer): void {
  const file = codeFile(directory, farOf(entry));
  writeFileSync(`${file}.new`, far, { mode: 0o644 });
  renameSync(`${file}.new`, file);
}

const isQuiet = () => process.allowedNodeEnvironmentFlags.has(`--${QUIET}`);

/** Writes the snapshot, as old as node; false where node can't, or when the bundle was built anew meanwhile. */
function build(entry: Entry, node: string, blob: string, code: Buffer = Buffer.alloc(0)): boolean {
  const bundle = bundleOf(entry);
  const made = statSync(bundle).mtimeMs;
  const builder = join(import.meta.dirname, 'snapshot.cjs');
  const quiet = isQuiet() ? [`--${QUIET}`] : [];
  const argv = [
    ...quiet,
    ...FLAGS,
    '--expose-internals',
    '--snapshot-blob',
    blob,
    '--build-snapshot',
    builder,
    entry,
  ];
  // a warning of node's, that of node:vm here, would leave its streams in the heap
  const env = { PATH: '/usr/bin:/bin', NODE_NO_WARNINGS: '1' };
  const options: SpawnSyncOptions = { env, input: code, stdio: ['pipe', 'ignore', 'ignore'] };
  return (
    spawnSync(process.execPath, argv, options).status === 0 &&
    // to the nanosecond, which node's utimes does not do
    spawnSync('touch', ['-r', node, blob], options).status === 0 &&
    statSync(bundle).mtimeMs === made
  );
}

/**
 * What lies there was made by the program that `node` led to then: where it leads to another now, that would end at it. The age does
 * not tell them apart, which is the same of all that npm unpacks.
 */
function removeOfAnotherNode(directory: string): void {
  const link = join(directory, 'node');
  if (lstatSync(link, { throwIfNoEntry: false }) === undefined || readlinkSync(link) === process.execPath)
    return;
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (!entry.isDirectory() && !entry.name.endsWith('.new'))
      rmSync(join(directory, entry.name), { force: true });
}

function replaceLink(target: string, link: string): void {
  const fresh = `${link}.${randomBytes(8).toString('hex')}`;
  symlinkSync(target, fresh);
  renameSync(fresh, link);
}

/** A minute is a hundred times what it takes. */
function isAbandoned(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs > 60_000;
}

function removeOfEarlierBoots(): void {
  const kept = ofThisBoot();
  for (const entry of readdirSync(cache, { withFileTypes: true }))
    if (entry.isDirectory() && entry.name !== kept)
      rmSync(join(cache, entry.name), { recursive: true, force: true });
}
