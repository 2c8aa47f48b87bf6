// npm run build [-- --force] [-- --native] [-- --quick]
//
// Generated sources, the native side, the bundles, the types. Each part is left alone while nothing
// it is made of is newer than what it makes; `--force` makes all of it anew, `--native` the native side only, `--quick`
// neither snapshots nor types.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readArguments } from './lib/usage.mjs';

const {
  values: { force, native, quick },
} = readArguments({
  options: { force: { type: 'boolean' }, native: { type: 'boolean' }, quick: { type: 'boolean' } },
});
process.chdir(dirname(import.meta.dirname));
mkdirSync('.cache', { recursive: true });
// One build at a time in a checkout: node-gyp's files bear no two writers.
if (!process.env.TINYRUN_BUILD_LOCK) {
  const again = [process.execPath, ...process.argv.slice(1)];
  const env = { ...process.env, TINYRUN_BUILD_LOCK: '1' };
  const { status, error } = spawnSync('flock', ['.cache/build.lock', ...again], { stdio: 'inherit', env });
  if (error) throw error;
  process.exit(status ?? 1);
}

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** make tells each file it compiles; that is worth reading when it fails. */
function quietly(command, ...args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (error) throw error;
  if (status === 0) return;
  process.stderr.write(stdout + stderr);
  process.exit(status ?? 1);
}

function* files(path) {
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) return void (yield path);
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) yield join(entry.parentPath ?? entry.path, entry.name);
}

const modified = (path) => statSync(path).mtimeMs;

/** Whether `target` is missing or older than anything below `sources`. */
function stale(target, ...sources) {
  if (force || !existsSync(target)) return true;
  const made = modified(target);
  for (const source of sources) for (const file of files(source)) if (modified(file) > made) return true;
  return false;
}

function buildNative() {
  const target = 'build/Release/tinyrun.node';
  if (!stale(target, 'native', 'binding.gyp', 'scripts/build-init.sh')) return;
  // The headers beside the running node are the right ones, and need no network.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
  const gyp = (...args) => quietly('node_modules/.bin/node-gyp', '--silent', ...args, ...headers);
  if (stale('build/Makefile', 'binding.gyp', 'native/init/sources.txt')) gyp('configure');
  gyp('build', `--jobs=${availableParallelism()}`);
  // make leaves alone what only a comment of the build file changed; the next look must still find it newer.
  if (existsSync(target)) run('touch', target);
}

async function buildBundles() {
  if (
    !stale(
      'dist/boot.cjs',
      'src',
      'scripts/build.mjs',
      'scripts/notices.txt',
      'scripts/train.mjs',
      'scripts/lib',
      'node_modules/.package-lock.json',
    )
  )
    return;
  mkdirSync('dist', { recursive: true });
  const { writeBundles } = await import('./lib/bundles.mjs');
  await writeBundles();
  if (quick) rmSync('dist/cache', { recursive: true, force: true });
  else makeSnapshots();
}

// Renamed over the old ones, which commands that start meanwhile have found already. What the build before made for
// other nodes goes; where none can be made now the commands try again, and start without meanwhile.
function makeSnapshots() {
  const { FLAGS, makeSnapshot } = createRequire(import.meta.url)('../dist/boot.cjs');
  const began = Date.now();
  const paths = (process.env.PATH ?? '').split(':').map((directory) => join(directory, 'node'));
  const node = paths.find((path) => existsSync(path));
  if (node)
    for (const entry of ['main', 'run', 'tinyrunc', 'brief']) makeSnapshot(entry, node, learn(entry, FLAGS));
  // their own age is that of node
  for (const file of files('dist/cache')) if (statSync(file).ctimeMs < began) rmSync(file);
}

/** What the most used verbs compile, with the flags that they start with; undefined where containers cannot be run. */
function learn(entry, flags) {
  const home = mkdtempSync(join(tmpdir(), 'tinyrun-build-'));
  const file = join(home, 'compiled');
  const errors = openSync(join(home, 'errors'), 'w');
  // in a network namespace: a bridge of this host's would stay
  const train = (network, ...args) =>
    spawnSync('unshare', ['--net', process.execPath, ...flags, 'scripts/train.mjs', entry, home, ...args], {
      env: { ...process.env, TINYRUN_NETWORK: network },
      // a file: a container would hold a pipe open
      stdio: ['ignore', 'ignore', errors],
    });
  // a host may lack what a bridge takes
  const network = ['bridge', 'none'].find((name) => train(name).status === 0);
  try {
    if (network && train(network, file).status === 0)
      return {
        code: readFileSync(file),
        ...(existsSync(`${file}.far`) && { far: readFileSync(`${file}.far`) }),
      };
    const why = readFileSync(join(home, 'errors'), 'utf8').trim();
    if (process.getuid() === 0)
      console.error(`build: no container of ${entry} could be run to learn from\n${why}`);
    return undefined;
  } finally {
    closeSync(errors);
    rmSync(home, { recursive: true, force: true });
  }
}

/** They are made of the sources alone, beside all that takes one processor only; what is given back awaits their end. */
function buildTypes() {
  if (!stale('dist/types/index.d.cts', 'src')) return () => {};
  rmSync('dist/types', { recursive: true, force: true });
  const tsc = spawn('node_modules/.bin/tsc', ['-p', 'tsconfig.types.json'], { stdio: 'inherit' });
  const ended = once(tsc, 'close');
  return async () => {
    const [code] = await ended;
    if (code !== 0) process.exit(code ?? 1);
    writeCommonJsTypes();
  };
}

// TypeScript takes a .d.ts of this package for an ES module, which CommonJS cannot require: the same again as .d.cts.
function writeCommonJsTypes() {
  const all = [...files('dist/types')].sort(
    (a, b) => Number(a.endsWith('/types/index.d.ts')) - Number(b.endsWith('/types/index.d.ts')),
  );
  for (const file of all) {
    const text = readFileSync(file, 'utf8').replaceAll(
      /((?:from|import\() ?['"]\.[^'"]*)\.ts(['"])/g,
      '$1.cts$2',
    );
    writeFileSync(file.replace(/\.ts$/, '.cts'), text);
  }
}

await import('./gen-steps.mjs');
const typesEnd = native || quick ? undefined : buildTypes();
buildNative();
if (!native) await buildBundles();
await typesEnd?.();
