// npm run build: generated sources, the native side, the bundles, the types. Each part is left alone while nothing
// it is made of is newer than what it makes; `--force` makes all of it anew, `--native` the native side only, `--quick`
// neither snapshots nor types.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

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
const force = process.argv.includes('--force');
const quick = process.argv.includes('--quick');

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

/** What the sources are called; a package's or a tarball's have no name. */
function commit() {
  const words = ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'];
  const { status, stdout } = spawnSync('git', words, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'unknown';
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

// commander loads child_process for a feature of its own that nobody here uses (executables as subcommands); that
// costs every start 2 ms.
const lazyChildProcess = {
  name: 'commander-child-process',
  setup(build) {
    build.onLoad({ filter: /commander[\\/]lib[\\/]command\.js$/ }, ({ path }) => {
      const eager = "const childProcess = require('node:child_process');";
      const text = readFileSync(path, 'utf8');
      if (!text.includes(eager)) throw new Error('commander loads child_process in another way now');
      const lazy = "const childProcess = { spawn: (...a) => require('node:child_process').spawn(...a) };";
      return { contents: text.replace(eager, lazy), loader: 'js' };
    });
  },
};

const commandLines = {
  // a start reads the whole source as part of the snapshot; the maps tell the names
  minifyIdentifiers: true,
  entryPoints: {
    main: 'src/main.ts',
    tinyrunc: 'src/tinyrunc.ts',
    boot: 'src/boot/boot.ts',
    snapshot: 'src/boot/snapshot.ts',
  },
  plugins: [lazyChildProcess],
};

/** The library, and what runs in worker threads. */
function libraries() {
  const workers = [...files('src')].filter((file) => file.endsWith('/worker.ts'));
  return Object.fromEntries([
    ['index', 'src/index.ts'],
    ...workers.map((file) => [`${basename(dirname(file))}-worker`, file]),
  ]);
}

const common = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  outExtension: { '.js': '.cjs' },
  // import() of a built-in becomes require(): what runs from a start-up snapshot has no loader for the other.
  supported: { 'dynamic-import': false },
  define: {
    'import.meta.dirname': '__dirname',
    TINYRUN_VERSION: JSON.stringify(JSON.parse(readFileSync('package.json', 'utf8')).version),
    TINYRUN_COMMIT: JSON.stringify(commit()),
  },
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: 'external',
  legalComments: 'none',
  logLevel: 'warning',
  write: false,
  metafile: true,
};

/** Directories of the packages whose code went into the bundles. */
const bundled = new Set();

// esbuild escapes what strings hold, and leaves literals of regular expressions as they are.
const WIDE =
  'a character beyond Latin-1 has V8 keep the whole source in two bytes each, half a megabyte more at each start';

// Renamed into place: a command that starts meanwhile reads the old bundle or the new one.
async function bundle(options) {
  const esbuild = await import('esbuild');
  const result = await esbuild.build({ ...common, ...options, outdir: 'dist' }).catch(() => process.exit(1));
  for (const input of Object.keys(result.metafile.inputs)) {
    const found = /^node_modules\/(@[^/]+\/)?[^/]+/.exec(input);
    if (found) bundled.add(found[0]);
  }
  for (const { path, text, contents } of result.outputFiles) {
    const wide = options === commandLines && path.endsWith('.cjs') && /.{0,40}[^\0-\xff]/.exec(text);
    if (wide) throw new Error(`${path}: ${wide[0]}: ${WIDE}`);
    writeFileSync(`${path}.new`, contents);
    renameSync(`${path}.new`, path);
  }
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
  // an uncaught error of a program that uses the library prints the line it comes from: not all of it on one
  await bundle({ entryPoints: libraries(), minifyWhitespace: false, minifySyntax: false });
  writeEsm();
  await bundle(commandLines);
  writeNotices();
  if (quick) rmSync('dist/cache', { recursive: true, force: true });
  else makeSnapshots();
}

// Renamed over the old ones, which commands that start meanwhile have found already. What the build before made for
// other nodes goes; where none can be made now the commands try again, and start without meanwhile.
function makeSnapshots() {
  const { makeSnapshot } = createRequire(import.meta.url)('../dist/boot.cjs');
  const began = Date.now();
  const paths = (process.env.PATH ?? '').split(':').map((directory) => join(directory, 'node'));
  const node = paths.find((path) => existsSync(path));
  if (node) for (const entry of ['main', 'tinyrunc', 'brief']) makeSnapshot(entry, node, learn(entry));
  // their own age is that of node
  for (const file of files('dist/cache')) if (statSync(file).ctimeMs < began) rmSync(file);
}

/** What the most used verbs compile; undefined where containers cannot be run. */
function learn(entry) {
  const home = mkdtempSync(join(tmpdir(), 'tinyrun-build-'));
  const file = join(home, 'compiled');
  const train = (...args) =>
    spawnSync(process.execPath, ['--no-rehash-snapshot', 'scripts/train.mjs', entry, home, ...args], {
      stdio: 'ignore',
    });
  try {
    if (train().status === 0 && train(file).status === 0) return readFileSync(file);
    if (process.getuid() === 0) console.error(`build: no container of ${entry} could be run to learn from`);
    return undefined;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

// The ES module passes on what the CommonJS one exports, so that a program that uses both has one library.
function writeEsm() {
  const names = Object.keys(createRequire(import.meta.url)('../dist/index.cjs'));
  const lines = [
    "import library from './index.cjs';",
    '',
    `export const { ${names.join(', ')} } = library;`,
    '',
  ];
  writeFileSync('dist/index.mjs', lines.join('\n'));
}

// The licences of what is in the package without being a file of its own there: notices.txt has those of the native side.
function writeNotices() {
  const notices = [...bundled].sort().map((directory) => {
    const { name, version, license } = JSON.parse(readFileSync(`${directory}/package.json`, 'utf8'));
    const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name} ${version} (${license})\n\n${file ? readFileSync(`${directory}/${file}`, 'utf8') : ''}`;
  });
  writeFileSync(
    'dist/THIRD-PARTY-NOTICES.txt',
    [readFileSync('scripts/notices.txt', 'utf8'), ...notices].join(`\n${'-'.repeat(80)}\n\n`),
  );
}

function buildTypes() {
  if (!stale('dist/types/index.d.cts', 'src')) return;
  rmSync('dist/types', { recursive: true, force: true });
  run('node_modules/.bin/tsc', '-p', 'tsconfig.types.json');
  writeCommonJsTypes();
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
buildNative();
if (!process.argv.includes('--native')) {
  await buildBundles();
  if (!quick) buildTypes();
}
