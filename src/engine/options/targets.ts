import { normalize } from 'node:path/posix';
import { TinyrunError } from '../../errors.ts';
import type { Mount } from '../../spec/types.ts';

// What -v, --mount and --tmpfs have in common.

export const mountError = (flag: string, text: string, problem: string, hint?: string): TinyrunError =>
  new TinyrunError('USAGE', `${flag} ${JSON.stringify(text)}: ${problem}`, hint ? { hint } : {});

/** A path of the container without `.`, `..` and doubled slashes, by its text alone: two spellings of a place are one. */
export function cleanTarget(path: string): string {
  const clean = normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

/** Where something is mounted. @throws TinyrunError USAGE */
export function mountTarget(path: string, fail: (problem: string) => TinyrunError): string {
  if (!path.startsWith('/')) throw fail(`invalid mount path: '${path}' mount path must be absolute`);
  const target = cleanTarget(path);
  if (target === '/') throw fail("invalid specification: destination can't be '/'");
  return target;
}

export const PROPAGATION: readonly string[] = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];

/** A bind that needs its source on the host before it can be mounted. */
export interface BindMount extends Mount {
  readonly source: string;
  /** -v makes a missing source directory, --mount refuses. */
  readonly createSource: boolean;
}

/** A read-only bind is read-only all the way down, as Docker has it since 25 (`rro`). */
export function bind(
  source: string,
  destination: string,
  how: { readOnly: boolean; propagation: string; recursive?: boolean; readOnlyBelow?: boolean },
  createSource: boolean,
): BindMount {
  const { recursive = true, readOnlyBelow = recursive } = how;
  const access = how.readOnly ? ['ro', ...(readOnlyBelow ? ['rro'] : [])] : ['rw'];
  const options = [recursive ? 'rbind' : 'bind', ...access, how.propagation];
  return { destination, type: 'bind', source, options, createSource };
}

const OPPOSITES: Readonly<Record<string, string>> = { noexec: 'exec', nosuid: 'suid', nodev: 'dev' };

/** Docker's defaults: noexec, nosuid, nodev. */
export function tmpfs(destination: string, options: readonly string[]): Mount {
  const defaults = Object.entries(OPPOSITES).flatMap(([flag, off]) => (options.includes(off) ? [] : [flag]));
  const rest = options.filter((option) => !defaults.includes(option) && option !== 'rw');
  return { destination, type: 'tmpfs', source: 'tmpfs', options: [...defaults, ...rest] };
}
