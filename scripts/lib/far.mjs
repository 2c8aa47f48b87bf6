// Builds src/main.ts as two bundles (src/boot/far.ts draws them): what is reached by import() of a FAR module alone goes
// into far.cjs. Far code gets what it shares with main.cjs from there, by name, so that no module is there twice.

import { isBuiltin } from 'node:module';
import { build } from 'esbuild';

/** Where main.cjs ends: verbs that take long anyhow or are seldom asked for, and what `run` needs for a new image. */
const FAR = [
  'src/cli/commands/attach.ts',
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
  'src/cli/commands/network-inspect.ts',
  'src/cli/commands/network-ls.ts',
  'src/cli/commands/network-prune.ts',
  'src/cli/commands/network-rm.ts',
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
  'src/engine/networks/holder.ts',
  'src/engine/networks/names.ts',
  'src/engine/networks/networks.ts',
  'src/engine/volumes/use.ts',
  'src/engine/volumes/volumes.ts',
  'src/image/layout.ts',
  'src/image/unpack/stored.ts',
  'src/network/firewall/foreign.ts',
  'src/network/firewall/restore.ts',
];

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

/** In main.cjs a FAR module is what far() answers; `shared` is the text of what near() answers. */
const nearOf = (shared) => ({
  name: 'near',
  setup(build) {
    virtual(build, 'tinyrun:near', shared);
    onFound(build, ({ kind }, name) =>
      kind === 'dynamic-import' && FAR.includes(name) ? { path: name, namespace: 'far' } : undefined,
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

/** In far.cjs a module that main.cjs has stays outside. */
const farOf = (near) => ({
  name: 'far',
  setup(build) {
    const modules = FAR.map((name) => `${JSON.stringify(name)}: () => import('./${name}')`);
    virtual(build, 'tinyrun:far', `export const modules = { ${modules.join(',')} };`);
    onFound(build, (_, name) => (near.has(name) ? { path: `near:${name}`, external: true } : undefined));
  },
});

/** What an ES module of esbuild's imports of main.cjs: the names by module, none where it is for its effects alone. */
function importsOf(text) {
  const whole = /\("near:([^"]+)"\)/.exec(text)?.[1];
  if (whole)
    throw new Error(`far.cjs takes ${whole} by import(): have it import what it needs of it by name`);
  const found = new Map();
  for (const [, what, from] of text.matchAll(/\bimport\b([^"';]*)"near:([^"]+)"/g)) {
    const names = /^\s*(?:\{(.*)\}\s*from\s*)?$/s.exec(what);
    if (!names) throw new Error(`far.cjs takes ${from} whole: import what it needs of it by name`);
    const known = found.get(from) ?? new Set();
    for (const name of names[1]?.split(',') ?? []) known.add(name.trim().split(' ')[0]);
    found.set(from, known);
  }
  return found;
}

/** The module of main.cjs that answers what far.cjs imports. A function, so that a start makes no objects for it. */
function sharedOf(imports) {
  const names = [...imports].flatMap(([from, known], at) =>
    [...known].map((name, index) => ({ from, name, as: `_${at}_${index}` })),
  );
  const lines = [...imports.keys()].map((from) => {
    const own = names.filter((one) => one.from === from);
    return {
      line: `import { ${own.map(({ name, as }) => `${name} as ${as}`).join(', ')} } from './${from}';`,
      entry: `case ${JSON.stringify(from)}: return { ${own.map(({ name, as }) => `get ${name}() { return ${as}; }`).join(', ')} };`,
    };
  });
  return `${lines.map(({ line }) => line).join('\n')}
    export function near(name) { switch (name) { ${lines.map(({ entry }) => entry).join('\n')} } }`;
}

/** Builds both; what esbuild answers of each. */
export async function bundleInTwo({ plugins, ...common }) {
  const near = (shared) =>
    build({ ...common, entryPoints: { main: ENTRY }, plugins: [...plugins, nearOf(shared)] });
  const inside = new Set(Object.keys((await near('export const near = undefined;')).metafile.inputs));
  const nearer = FAR.find((name) => inside.has(name));
  if (nearer)
    throw new Error(
      `${nearer} is far, but main.cjs has it: something there imports it as a matter of course`,
    );
  const far = (format) =>
    build({ ...common, format, entryPoints: { far: 'tinyrun:far' }, plugins: [...plugins, farOf(inside)] });
  const asModule = (await far('esm')).outputFiles.find(({ path }) => !path.endsWith('.map'));
  return [await near(sharedOf(importsOf(asModule?.text ?? ''))), await far('cjs')];
}
