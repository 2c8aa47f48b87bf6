import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { kernelReason, TinyrunError } from '../../../errors.ts';

const keyOf = (entry: string) => entry.split('=', 1)[0] ?? entry;

/** `KEY` alone takes the caller's value; when the caller has none the entry says to remove the variable. */
export function inherit(entry: string, host: NodeJS.ProcessEnv): string {
  if (entry.includes('=')) return entry;
  // process.env inherits JavaScript's own names: `-e toString`
  return Object.hasOwn(host, entry) ? `${entry}=${host[entry]}` : entry;
}

/** The lines of an --env-file, or of another that is like one. @throws TinyrunError USAGE */
export function readEnvFile(path: string, host: NodeJS.ProcessEnv, flag = '--env-file'): string[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new TinyrunError('USAGE', `${flag} ${path}: ${kernelReason(cause)}`, {
      cause,
      hint: 'the file must exist and be readable, one KEY=VALUE a line',
    });
  }
  return parseEnvFile(bytes, path, host, flag);
}

/**
 * The lines of an --env-file as Docker reads them: `#` lines and empty ones skipped, values verbatim, `KEY` alone
 * taken from the caller where it has it and left out where not.
 */
export function parseEnvFile(
  bytes: Buffer,
  path: string,
  host: NodeJS.ProcessEnv,
  flag = '--env-file',
): string[] {
  const fail = (problem: string) => new TinyrunError('USAGE', `${flag} ${path}: ${problem}`);
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
