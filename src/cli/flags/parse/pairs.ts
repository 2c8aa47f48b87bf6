import { TinyrunError } from '../../../errors.ts';

/** The part before the first `=` and the one behind it; undefined where there is none. */
export function cut(entry: string): [string, string | undefined] {
  const at = entry.indexOf('=');
  return at < 0 ? [entry, undefined] : [entry.slice(0, at), entry.slice(at + 1)];
}

/** `KEY=VALUE` lists of --label and --annotation; a key alone has an empty value. */
export function parsePairs(entries: readonly string[], flag: string): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const [key, value = ''] = cut(entry);
      if (key === '') throw new TinyrunError('USAGE', `${flag} ${JSON.stringify(entry)}: no key`);
      return [key, value];
    }),
  );
}

/** `KEY=VALUE` lists of --sysctl. */
export function parseSysctls(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const [key, value] = cut(entry);
      if (value !== undefined) return [key, value];
      throw new TinyrunError('USAGE', `--sysctl ${JSON.stringify(entry)}: not KEY=VALUE`);
    }),
  );
}
