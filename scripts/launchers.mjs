// bin/tinyrun and bin/tinyrunc from src/boot/launcher.sh: `node scripts/launchers.mjs`. A test keeps them equal to it.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMain, readArguments } from './lib/usage.mjs';

export const LAUNCHERS = { tinyrun: 'main', tinyrunc: 'tinyrunc' };

/** The most called verbs have a snapshot of their own. Words behind a verb are not looked at, nor what is a root's. */
const VERBS = {
  main: (making) => `value=
for word; do
  case $value$word in
    =*) value= ;;
    --data-root | --run-root) value== ;;
    ${making.join(' | ')}) entry=run && break ;;
    container | -*) ;;
    *) break ;;
  esac
done
`,
  tinyrunc: (brief) => `for word; do
  case $word in
    ${brief.join(' | ')}) entry=brief && break ;;
    create | run | exec) break ;;
  esac
done
`,
};

/** The launcher `bin/COMMAND`. */
export function renderLauncher(template, command, { flags, tag, malloc, own }) {
  const entry = LAUNCHERS[command];
  const verbs = own[entry];
  const words = {
    command,
    entry,
    flags: flags.join(' '),
    tag,
    malloc,
    verbs: VERBS[entry](verbs),
    own: `[${verbs.map((verb) => `'${verb}'`).join(', ')}]`,
  };
  return template.replace(/@(\w+)@/g, (_, name) => words[name]);
}

/** What modules without effects export; what they load late stays where it is. */
async function constants(...files) {
  const { build } = await import('esbuild');
  const loaded = files.map(async (entryPoint) => {
    const options = { bundle: true, external: ['./verbs/*'], format: 'esm', platform: 'node', write: false };
    const { outputFiles } = await build({ entryPoints: [entryPoint], ...options });
    return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
  });
  return Object.assign({}, ...(await Promise.all(loaded)));
}

if (isMain(import.meta.url)) {
  readArguments();
  const src = new URL('../src/', import.meta.url);
  const files = ['boot/entries.ts', 'boot/flags.ts', 'tinyrunc/verbs.ts'].map((file) =>
    fileURLToPath(new URL(file, src)),
  );
  const { FLAGS, MAKING, MALLOC, TAG, BRIEF } = await constants(...files);
  const own = { main: MAKING, tinyrunc: BRIEF };
  const template = readFileSync(new URL('boot/launcher.sh', src), 'utf8');
  for (const command of Object.keys(LAUNCHERS))
    writeFileSync(
      new URL(`../bin/${command}`, import.meta.url),
      renderLauncher(template, command, { flags: FLAGS, tag: TAG, malloc: MALLOC, own }),
    );
}
