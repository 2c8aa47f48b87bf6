// Builds src/main.ts as two bundles (src/boot/far.ts draws them): what is reached by import() of a far module alone goes
// into the far one. Far code gets what it shares with the near one from there, by name, so that no module is there twice.
// That is done twice: a snapshot of containers to be made (run.cjs, run-far.cjs) and one of all other verbs (main.cjs,
// far.cjs), each near bundle with what its own verbs take. A process has one pair, never both.

import { readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { build } from 'esbuild';

/** Far in both: verbs that take long anyhow or are seldom asked for, and what `run` needs for a new image. */
const FAR = [
  'src/cli/commands/attach.ts',
  'src/cli/commands/build.ts',
  'src/cli/commands/commit.ts',
  'src/cli/commands/container-prune.ts',
  'src/cli/commands/cp.ts',
  'src/cli/commands/diff.ts',
  'src/cli/commands/doctor.ts',
  'src/cli/commands/ended.ts',
  'src/cli/commands/events.ts',
  'src/cli/commands/export.ts',
  'src/cli/commands/history.ts',
  'src/cli/commands/image-prune.ts',
  'src/cli/commands/image-tree.ts',
  'src/cli/commands/import.ts',
  'src/cli/commands/info.ts',
  'src/cli/commands/load.ts',
  'src/cli/commands/login.ts',
  'src/cli/commands/logout.ts',
  'src/cli/commands/logs.ts',
  'src/cli/commands/manifest-annotate.ts',
  'src/cli/commands/manifest-create.ts',
  'src/cli/commands/manifest-inspect.ts',
  'src/cli/commands/manifest-push.ts',
  'src/cli/commands/manifest-rm.ts',
  'src/cli/commands/port.ts',
  'src/cli/commands/pull.ts',
  'src/cli/commands/push.ts',
  'src/cli/commands/rename.ts',
  'src/cli/commands/rmi.ts',
  'src/cli/commands/save.ts',
  'src/cli/commands/stats.ts',
  'src/cli/commands/system-df.ts',
  'src/cli/commands/system-start-all.ts',
  'src/cli/commands/system-stop-all.ts',
  'src/cli/commands/system-gc.ts',
  'src/cli/commands/system-prune.ts',
  'src/cli/commands/tag.ts',
  'src/cli/commands/top.ts',
  'src/cli/commands/update.ts',
  'src/cli/commands/version.ts',
  'src/cli/commands/network-connect.ts',
  'src/cli/commands/network-create.ts',
  'src/cli/commands/network-disconnect.ts',
  'src/cli/commands/network-graph.ts',
  'src/cli/commands/network-inspect.ts',
  'src/cli/commands/network-ls.ts',
  'src/cli/commands/network-prune.ts',
  'src/cli/commands/network-reload.ts',
  'src/cli/commands/network-rm.ts',
  'src/cli/commands/network-why.ts',
  'src/cli/commands/volume-create.ts',
  'src/cli/commands/volume-inspect.ts',
  'src/cli/commands/volume-ls.ts',
  'src/cli/commands/volume-prune.ts',
  'src/cli/commands/volume-rm.ts',
  'src/cli/commands/volume-update.ts',
  'src/cli/commands/why.ts',
  'src/cli/output/deeds.ts',
  'src/cli/output/trace-run.ts',
  'src/engine/attach.ts',
  'src/engine/exec/attach.ts',
  'src/engine/books.ts',
  'src/engine/files/commit.ts',
  'src/engine/cdi/find.ts',
  'src/engine/cdi/yaml.ts',
  'src/engine/files/copy.ts',
  'src/engine/deeds/aloud.ts',
  'src/engine/files/diff.ts',
  'src/engine/events/events.ts',
  'src/engine/explain-end.ts',
  'src/engine/fetch-image.ts',
  'src/engine/events/images.ts',
  'src/engine/health.ts',
  'src/engine/info.ts',
  'src/engine/logs.ts',
  'src/engine/garbage.ts',
  'src/engine/prune-images.ts',
  'src/engine/prune.ts',
  'src/engine/rename.ts',
  'src/engine/start-all.ts',
  'src/engine/stop-all.ts',
  'src/engine/stats.ts',
  'src/engine/systemd.ts',
  'src/engine/top.ts',
  'src/engine/update.ts',
  'src/engine/networks/connect.ts',
  'src/engine/networks/create.ts',
  'src/engine/networks/diagnose.ts',
  'src/engine/networks/holder.ts',
  'src/engine/networks/names.ts',
  'src/engine/networks/networks.ts',
  'src/engine/networks/reload.ts',
  'src/engine/volumes/use.ts',
  'src/engine/volumes/volumes.ts',
  'src/image/layout.ts',
  'src/image/unpack/stored.ts',
  'src/network/firewall/foreign.ts',
  'src/network/firewall/restore.ts',
];

/** Verbs that make containers: no others are near in run.cjs, all others may be in main.cjs. */
const MAKING = ['src/cli/commands/create.ts', 'src/cli/commands/run.ts'];
const OTHERS = readdirSync('src/cli/commands')
  .map((file) => `src/cli/commands/${file}`)
  .filter((file) => !MAKING.includes(file));

/** The pairs by their near bundles. */
const PAIRS = {
  main: { far: 'far', names: [...FAR, ...MAKING] },
  run: { far: 'run-far', names: [...new Set([...FAR, ...OTHERS, 'src/engine/exec/monitored.ts'])] },
};

const ENTRY = 'src/main.ts';
const relative = (path) => path.replace(`${process.cwd()}/`, '');

/** A module without a file: `text` under `name`, whose imports are resolved from the project's directory. */
function virtual(build, name, text) {
  build.onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: name, namespace: 'virtual' }));
  build.onLoad({ filter: new RegExp(`^${name}$`), namespace: 'virtual' }, () => ({
    contents: text,
    resolveDir: process.cwd(),
    loader: 'js',
  }));
}

/** Asks `answer` about each import that leads to a file. */
function onFound(build, answer) {
  build.onResolve({ filter: /^[.\w@]/ }, async ({ path, pluginData, ...from }) => {
    if (pluginData === onFound || isBuiltin(path)) return undefined;
    const found = await build.resolve(path, { ...from, pluginData: onFound });
    return found.errors.length > 0 ? undefined : answer(from, relative(found.path));
  });
}

/** In a near bundle a far module is what far() answers; `shared` is the text of what near() answers. */
const nearOf = (names, shared) => ({
  name: 'near',
  setup(build) {
    virtual(build, 'tinyrun:near', shared);
    onFound(build, ({ kind }, name) =>
      kind === 'dynamic-import' && names.includes(name) ? { path: name, namespace: 'far' } : undefined,
    );
    build.onLoad({ filter: /./, namespace: 'far' }, ({ path }) => ({
      // a module with a function of this name is waited for like a promise
      contents: `import { far } from './src/boot/far.ts';
        import { near } from 'tinyrun:near';
        export const then = (resolve, reject) => far(${JSON.stringify(path)}, near, require).then(resolve, reject);`,
      resolveDir: process.cwd(),
      loader: 'js',
    }));
  },
});

/** In a far bundle a module that the near one has stays outside. */
const farOf = (names, near) => ({
  name: 'far',
  setup(build) {
    const modules = names.map((name) => `${JSON.stringify(name)}: () => import('./${name}')`);
    virtual(build, 'tinyrun:far', `export const modules = { ${modules.join(',')} };`);
    onFound(build, (_, name) => (near.has(name) ? { path: `near:${name}`, external: true } : undefined));
  },
});

/** What an ES module of esbuild's imports of the near bundle: the names by module, none where it is for its effects alone. */
function importsOf(text) {
  const found = new Map();
  const add = (from, names) => found.set(from, new Set([...(found.get(from) ?? []), ...names]));
  for (const [, from] of text.matchAll(/\("near:([^"]+)"\)/g)) add(from, [ALL]);
  for (const [, what, from] of text.matchAll(/\bimport\b([^"';(]*)"near:([^"]+)"/g)) {
    const names = /^\s*(?:\{(.*)\}\s*from\s*)?$/s.exec(what);
    if (!names) throw new Error(`the far bundle takes ${from} whole: import what it needs of it by name`);
    add(from, names[1]?.split(',').map((name) => name.trim().split(' ')[0]) ?? []);
  }
  return found;
}

/** In place of names: by import(). */
const ALL = '*';

/** The module of a near bundle that answers what the far one imports. A function, so that a start makes no objects for it. */
function sharedOf(imports) {
  const lines = [...imports].map(([from, known], at) => {
    const quoted = JSON.stringify(from);
    if (known.has(ALL))
      return { line: `import * as _${at} from './${from}';`, entry: `case ${quoted}: return _${at};` };
    const own = [...known].map((name, index) => ({ name, as: `_${at}_${index}` }));
    return {
      line: `import { ${own.map(({ name, as }) => `${name} as ${as}`).join(', ')} } from './${from}';`,
      entry: `case ${quoted}: return { ${own.map(({ name, as }) => `get ${name}() { return ${as}; }`).join(', ')} };`,
    };
  });
  return `${lines.map(({ line }) => line).join('\n')}
    export function near(name) { switch (name) { ${lines.map(({ entry }) => entry).join('\n')} } }`;
}

/** Builds a pair; what esbuild answers of each. */
async function bundlePair(name, { far: farName, names }, { plugins, define, ...common }) {
  const all = { ...common, define: { ...define, TINYRUN_FAR: JSON.stringify(`${farName}.cjs`) } };
  const near = (shared) =>
    build({ ...all, entryPoints: { [name]: ENTRY }, plugins: [...plugins, nearOf(names, shared)] });
  const inside = new Set(Object.keys((await near('export const near = undefined;')).metafile.inputs));
  const nearer = names.find((file) => inside.has(file));
  if (nearer)
    throw new Error(
      `${nearer} is far, but ${name}.cjs has it: something there imports it as a matter of course`,
    );
  const far = (format) =>
    build({
      ...all,
      format,
      entryPoints: { [farName]: 'tinyrun:far' },
      plugins: [...plugins, farOf(names, inside)],
    });
  const asModule = (await far('esm')).outputFiles.find(({ path }) => !path.endsWith('.map'));
  return [await near(sharedOf(importsOf(asModule?.text ?? ''))), await far('cjs')];
}

/** Builds all pairs; what esbuild answers of each bundle. */
export async function bundlePairs(options) {
  const made = Object.entries(PAIRS).map(([name, pair]) => bundlePair(name, pair, options));
  return (await Promise.all(made)).flat();
}
