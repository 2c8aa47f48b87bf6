import { S_IFDIR, S_IFMT } from '../../native/fcntl.ts';
import type { Stat } from '../../native/types.ts';

/** Added, changed or deleted, in Docker's letters. */
export interface Change {
  readonly kind: 'A' | 'C' | 'D';
  /** Absolute, in the container. */
  readonly path: string;
}

type Seen = Pick<Stat, 'mode' | 'uid' | 'gid' | 'rdevMajor' | 'rdevMinor' | 'size' | 'mtimeNs'>;

const SECOND = 1_000_000_000n;

/** An archive may hold whole seconds alone. */
function isSameTime(a: bigint, b: bigint): boolean {
  const whole = a % SECOND === 0n || b % SECOND === 0n;
  return whole ? a / SECOND === b / SECOND : a === b;
}

/**
 * Docker's measure: size and time of a directory say nothing. `capabilities`: of the file, before and now; asked for last.
 */
export function isDifferent(
  before: Seen,
  now: Seen,
  capabilities: () => readonly (string | undefined)[],
): boolean {
  const keys = ['mode', 'uid', 'gid', 'rdevMajor', 'rdevMinor'] as const;
  if (keys.some((key) => before[key] !== now[key])) return true;
  if ((now.mode & S_IFMT) === S_IFDIR) return false;
  if (before.size !== now.size || !isSameTime(before.mtimeNs, now.mtimeNs)) return true;
  const [one, other] = capabilities();
  return one !== other;
}
