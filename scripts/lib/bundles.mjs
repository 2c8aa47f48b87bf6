// All that lies in dist/ but for types and snapshots: esbuild's bundles of the command lines and of the library.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname } from 'node:path';
import { build } from 'esbuild';
import { bundlePairs } from './far.mjs';

/** What the sources are called; a package's or a tarball's have no name. */
function commit() {
  const words = ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'];
  const { status, stdout } = spawnSync('git', words, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'unknown';
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
  plugins: [lazyChildProcess],
};
const entryPoints = {
  tinyrunc: 'src/tinyrunc.ts',
  boot: 'src/boot/boot.ts',
  snapshot: 'src/boot/snapshot.ts',
};

/** The library, and what runs in worker threads. */
function libraries() {
  const workers = readdirSync('src', { recursive: true }).filter((file) => file.endsWith('/worker.ts'));
  return Object.fromEntries([
    ['index', 'src/index.ts'],
    ...workers.map((file) => [`${basename(dirname(file))}-worker`, `src/${file}`]),
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
  outdir: 'dist',
  write: false,
  metafile: true,
};

/** Directories of the packages whose code went into the bundles. */
const bundled = new Set();

// esbuild escapes what strings hold, and leaves literals of regular expressions as they are.
const WIDE =
  'a character beyond Latin-1 has V8 keep the whole source in two bytes each, half a megabyte more at each start';

// Renamed into place: a command that starts meanwhile reads the old bundle or the new one.
function keep(result, { isRead = false } = {}) {
  for (const input of Object.keys(result.metafile.inputs)) {
    const found = /^node_modules\/(@[^/]+\/)?[^/]+/.exec(input);
    if (found) bundled.add(found[0]);
  }
  for (const { path, text, contents } of result.outputFiles) {
    const wide = isRead && path.endsWith('.cjs') && /.{0,40}[^\0-\xff]/.exec(text);
    if (wide) throw new Error(`${path}: ${wide[0]}: ${WIDE}`);
    writeFileSync(`${path}.new`, contents);
    renameSync(`${path}.new`, path);
  }
}

// The ES module passes on what the CommonJS one exports, so that a program that uses both has one library.
function writeEsm() {
  const names = Object.keys(createRequire(import.meta.url)('../../dist/index.cjs'));
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

/** Makes them, in the project's directory. */
export async function writeBundles() {
  // an uncaught error of a program that uses the library prints the line it comes from: not all of it on one
  const library = { entryPoints: libraries(), minifyWhitespace: false, minifySyntax: false };
  keep(await build({ ...common, ...library }));
  writeEsm();
  for (const result of await bundlePairs({ ...common, ...commandLines })) keep(result, { isRead: true });
  // boot.cjs comes last: its age is that of all of them
  keep(await build({ ...common, ...commandLines, entryPoints }), { isRead: true });
  writeNotices();
}
