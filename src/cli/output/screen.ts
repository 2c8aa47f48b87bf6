import { fstatSync } from 'node:fs';
import { styleText } from 'node:util';
import type { Look } from '../../plan/explain.ts';

/** Columns of the terminal that reads standard output; undefined where none does. */
export function screenWidth(stream: NodeJS.WriteStream | undefined = standardOutput()): number | undefined {
  return stream?.isTTY && stream.columns ? stream.columns : undefined;
}

/** What may be a terminal. Node makes a stream of what is none, too, and takes 1 ms for that. */
function standardOutput(): NodeJS.WriteStream | undefined {
  const { rdev } = fstatSync(1);
  return rdev === 0 || rdev >> 8 === MEMORY_DEVICES ? undefined : process.stdout;
}

/** linux/Documentation/admin-guide/devices.txt: the major number of /dev/null. */
const MEMORY_DEVICES = 1;

/** On a terminal cells are wrapped to its width and coloured; in a pipe or a file a row is a line. */
export function look(stream?: NodeJS.WriteStream): Look {
  const width = screenWidth(stream);
  if (width === undefined) return {};
  return { width, ...(process.env.NO_COLOR ? {} : { paint: styleText }) };
}

/** locale(7): the first that is set says which characters there are. One that says nothing can be trusted with UTF-8. */
function isPlain({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG;
  return locale !== undefined && locale !== '' && !/utf-?8/i.test(locale);
}

const PLAIN: ReadonlyMap<string, string> = new Map([
  ['✔', '+'],
  ['✗', 'x'],
  ['→', '>'],
  ['…', '~'],
  ['µ', 'u'],
  ['’', "'"],
  ['│', '|'],
  ['├', '|'],
  ['└', '`'],
  ['─', '-'],
]);
const SIGNS = new RegExp(`[${[...PLAIN.keys()].join('')}]`, 'g');

/** Our own signs for a terminal that has no others than ASCII's, as wide as they were; names stay as they are. */
export function forLocale(text: string, env: NodeJS.ProcessEnv = process.env): string {
  return isPlain(env) ? text.replace(SIGNS, (sign) => PLAIN.get(sign) ?? sign) : text;
}
