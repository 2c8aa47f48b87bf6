// bin/tinyrun and bin/tinyrunc from src/boot/launcher.sh: `node scripts/launchers.mjs`. A test keeps them equal to it.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMain, readArguments } from './lib/usage.mjs';

export const LAUNCHERS = { tinyrun: 'main', tinyrunc: 'tinyrunc' };

/** tinyrunc's most called verbs have a snapshot of their own. */
const verbs = (brief) => `for word; do
  case $word in
    ${brief.join(' | ')}) entry=brief && break ;;
    create | run | exec) break ;;
  esac
done
`;

/** The launcher `bin/COMMAND`. */
export function renderLauncher(template, command, { flags, tag, malloc, brief }) {
  const entry = LAUNCHERS[command];
  const words = {
    command,
    entry,
    flags: flags.join(' '),
    tag,
    malloc,
    verbs: entry === 'main' ? '' : verbs(brief),
    brief: entry === 'main' ? '' : `, [${brief.map((verb) => `'${verb}'`).join(', ')}]`,
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
  const files = ['boot/flags.ts', 'tinyrunc/verbs.ts'].map((file) => fileURLToPath(new URL(file, src)));
  const { FLAGS, MALLOC, TAG, BRIEF } = await constants(...files);
  const template = readFileSync(new URL('boot/launcher.sh', src), 'utf8');
  for (const command of Object.keys(LAUNCHERS))
    writeFileSync(
      new URL(`../bin/${command}`, import.meta.url),
      renderLauncher(template, command, { flags: FLAGS, tag: TAG, malloc: MALLOC, brief: BRIEF }),
    );
}
