import { ConfigError } from './error.ts';

export const keyOf = (entry: string) => entry.split('=', 1)[0] ?? entry;

/** @throws ConfigError for what is no variable */
export function checkEnv(entries: readonly string[]): void {
  for (const [index, entry] of entries.entries()) {
    if (keyOf(entry) === '') throw new ConfigError(`env[${index}]`, 'no variable name');
    if (entry.includes('\0')) throw new ConfigError(`env[${index}]`, 'contains a NUL byte');
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
