// bin/tinyrun and bin/tinyrunc from src/boot/launcher.sh: `node scripts/launchers.mjs`. A test keeps them equal to it.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

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
export function renderLauncher(template, command, { flags, malloc, brief }) {
  const entry = LAUNCHERS[command];
  const words = {
    command,
    entry,
    flags: flags.join(' '),
    malloc,
    verbs: entry === 'main' ? '' : verbs(brief),
  };
  return template.replace(/@(\w+)@/g, (_, name) => words[name]);
}

async function constants(...files) {
  const { transform } = await import('esbuild');
  const loaded = files.map(async (file) => {
    const { code } = await transform(readFileSync(file, 'utf8'), { loader: 'ts', format: 'esm' });
    return import(`data:text/javascript,${encodeURIComponent(code)}`);
  });
  return Object.assign({}, ...(await Promise.all(loaded)));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const room = new URL('../src/boot/', import.meta.url);
  const { FLAGS, MALLOC, BRIEF } = await constants(new URL('flags.ts', room), new URL('entries.ts', room));
  const template = readFileSync(new URL('launcher.sh', room), 'utf8');
  for (const command of Object.keys(LAUNCHERS))
    writeFileSync(
      new URL(`../bin/${command}`, import.meta.url),
      renderLauncher(template, command, { flags: FLAGS, malloc: MALLOC, brief: BRIEF }),
    );
}
