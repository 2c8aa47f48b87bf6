import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { isAddress } from '../spec/addresses.ts';

/** What tinyrun.json may say, of whoever calls or of the host. */
export interface Settings {
  /** An address of the host: where ports are published that name none. */
  readonly publishHost?: string;
}

const NAME = 'tinyrun.json';
const LARGEST = 64 << 10;
const KNOWN: Readonly<Record<keyof Settings, (value: unknown) => string | undefined>> = {
  publishHost: (value) =>
    typeof value === 'string' && isAddress(value) ? undefined : 'invalid IP address, as 127.0.0.1 is one',
};

/** Where it may lie: the user's before the host's. */
export function settingsDirectories(env: NodeJS.ProcessEnv): string[] {
  const own = env.XDG_CONFIG_HOME || (env.HOME && `${env.HOME}/.config`);
  return [...(own ? [`${own}/tinyrun`] : []), '/etc/tinyrun'];
}

/**
 * A setting, of the first file that has it; undefined: of none. Read by who asks, for most commands ask nothing.
 * @throws TinyrunError USAGE for a file that cannot be read as one, and for what is no setting, in either
 */
export function setting<K extends keyof Settings>(
  name: K,
  directories: readonly string[],
): Settings[K] | undefined {
  const all = directories.map(readSettings);
  return all.find((settings) => settings[name] !== undefined)?.[name];
}

function readSettings(directory: string): Settings {
  const path = `${directory}/${NAME}`;
  if (!existsSync(path)) return {};
  const fail = (problem: string, hint: string) => new TinyrunError('USAGE', `${path}: ${problem}`, { hint });
  const value = parsed(textOf(path));
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw fail('no JSON object of at most 64 kB', 'as in {"publishHost": "127.0.0.1"}');
  for (const [name, given] of Object.entries(value)) {
    if (!Object.hasOwn(KNOWN, name))
      throw fail(`unknown setting ${JSON.stringify(name)}`, `there are: ${Object.keys(KNOWN).join(', ')}`);
    const problem = KNOWN[name as keyof Settings](given);
    if (problem)
      throw fail(`${name} ${JSON.stringify(given)}: ${problem}`, 'docs/networks.md has the settings');
  }
  return value;
}

/** Of a file that is one, and no larger; a pipe of that name keeps nobody waiting. */
function textOf(path: string): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    return stat.isFile() && stat.size <= LARGEST ? readFileSync(fd, 'utf8') : '';
  } finally {
    closeSync(fd);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
