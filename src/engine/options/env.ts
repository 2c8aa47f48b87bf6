import { isUtf8 } from 'node:buffer';
import { TinyrunError } from '../../errors.ts';

export const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const keyOf = (entry: string) => entry.split('=', 1)[0] ?? entry;

/** `KEY` alone takes the caller's value; when the caller has none the entry says to remove the variable. */
function inherit(entry: string, host: NodeJS.ProcessEnv): string {
  if (entry.includes('=')) return entry;
  // process.env inherits JavaScript's own names: `-e toString`
  return Object.hasOwn(host, entry) ? `${entry}=${host[entry]}` : entry;
}

/** `-e` values, checked. */
export function parseEnv(entries: readonly string[], host: NodeJS.ProcessEnv): string[] {
  return entries.map((entry) => {
    if (keyOf(entry) === '')
      throw new TinyrunError('USAGE', `--env ${JSON.stringify(entry)}: no variable name`);
    if (entry.includes('\0')) throw new TinyrunError('USAGE', `--env ${keyOf(entry)}: contains a NUL byte`);
    return inherit(entry, host);
  });
}

/**
 * The lines of an --env-file as Docker reads them: `#` lines and empty ones skipped, values verbatim, `KEY` alone
 * taken from the caller where it has it and left out where not.
 */
export function parseEnvFile(bytes: Buffer, path: string, host: NodeJS.ProcessEnv): string[] {
  const fail = (problem: string) => new TinyrunError('USAGE', `--env-file ${path}: ${problem}`);
  const wrong = firstBadLine(bytes);
  if (wrong !== undefined) throw fail(`invalid utf8 bytes at line ${wrong}`);
  return bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap((raw, index) => {
      const line = raw.trimStart();
      if (line === '' || line.startsWith('#')) return [];
      const key = keyOf(line);
      if (key === '') throw fail(`line ${index + 1} has no variable name: ${JSON.stringify(line)}`);
      if (/\s/.test(key))
        throw fail(`line ${index + 1}: variable ${JSON.stringify(key)} contains whitespace`);
      if (line.includes('\0')) throw fail(`line ${index + 1} contains a NUL byte`);
      const entry = inherit(line, host);
      return entry.includes('=') ? [entry] : [];
    });
}

/** The number of the first line that is no UTF-8: reading it as text would change what it says. */
function firstBadLine(bytes: Buffer): number | undefined {
  if (isUtf8(bytes)) return undefined;
  for (let start = 0, line = 1; ; line++) {
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found;
    if (found < 0 || !isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
  }
}

/** Later entries replace earlier ones in place; `KEY` without `=` removes. */
export function mergeEnv(...lists: (readonly string[])[]): string[] {
  const merged = new Map<string, string>();
  for (const entry of lists.flat()) {
    if (entry.includes('=')) merged.set(keyOf(entry), entry);
    else merged.delete(entry);
  }
  return [...merged.values()];
}
