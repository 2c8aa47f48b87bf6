// node scripts/train.mjs ENTRY HOME FILE: runs the most used verbs of a command line on containers of its own below the
// directory HOME, and writes what V8 compiled meanwhile (its code cache) into FILE, for the start-up snapshot. Needs root
// and the embedded image. Without FILE it only runs them: the first container imports and unpacks the image, which no
// later one does, so that is left to a process that nobody learns from.
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { makeBundle } from '../test/bench/lib/bundle.mjs';

const { programOf, scriptOf } = createRequire(import.meta.url)('../dist/boot.cjs');
const [, , entry, home, file] = process.argv;
// of this build alone: builds of several checkouts share the host's cgroups
const [LONG, BRIEF] = ['long', 'brief'].map((name) => `${name}-${basename(home)}`);

/** A container, and a look at what there is. */
function tinyrun() {
  const roots = ['--data-root', join(home, 'data'), '--run-root', join(home, 'run')];
  const run = ['run', '--rm', '--network', 'none', '--pull', 'never', 'busybox', 'true'];
  return [run, ['images'], ['ps']].map((argv) => [...roots, ...argv]);
}

/** What podman and containerd call for a container: what makes a process, */
function tinyrunc() {
  return oci([
    ['create', '-b', bundle('sleep', '60'), LONG],
    ['start', LONG],
    ['exec', LONG, 'true'],
    ['delete', '--force', LONG],
    ['run', '-b', bundle('true'), BRIEF],
  ]);
}

/** and the rest, whose container is made by the process before. */
function brief() {
  const rest = [
    ['start', LONG],
    ['state', LONG],
    ['kill', LONG, 'KILL'],
    ['delete', '--force', LONG],
  ];
  return oci(file ? rest : [['create', '-b', bundle('sleep', '60'), LONG]]);
}

const oci = (commands) => commands.map((argv) => ['--root', join(home, 'tinyrunc'), ...argv]);

function bundle(...args) {
  const directory = join(home, args[0]);
  return existsSync(directory) ? directory : makeBundle(directory, args);
}

const script = scriptOf(entry);
const program = programOf(script, entry);
for (const argv of { main: tinyrun, tinyrunc, brief }[entry]())
  if ((await program.main(argv)) !== 0) throw new Error(`train: ${entry} ${argv.join(' ')} failed`);
if (file) writeFileSync(file, script.createCachedData());
// the addon's threads and what a verb left open hold nobody up
process.exit(0);
