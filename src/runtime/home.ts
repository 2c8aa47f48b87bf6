import { errnoOf } from '../errors.ts';
import type { Process } from '../spec/types.ts';
import { readInside } from '../store/inside.ts';

/** An /etc/passwd of ten thousand users is a tenth of it (CVE-2026-47262). */
const MAX_BYTES = 4 * 2 ** 20;

/** The host's trouble: taken for a missing file, it would make another user of a container's. */
const OUT_OF = ['EMFILE', 'ENFILE', 'ENOMEM'];

/**
 * /etc/passwd or /etc/group of a root that others fill: of the bundle, or /proc/PID/root of a running container. Undefined
 * where there is none that could be one: a device, a FIFO or a giant is not read.
 */
export function accountsIn(root: string, path: 'etc/passwd' | 'etc/group'): string | undefined {
  try {
    return readInside(root, path, MAX_BYTES).toString('utf8');
  } catch (error) {
    const code = errnoOf((error as Error).cause) ?? errnoOf(error);
    if (code !== undefined && OUT_OF.includes(code)) throw error;
    return undefined;
  }
}

/** The home directory of a uid by a passwd(5) text; '/' for one it does not name. */
export function homeIn(passwd: string, uid: number): string {
  for (const line of passwd.split('\n')) {
    const [, , id, , , home] = line.split(':');
    if (id !== undefined && /^\d+$/.test(id) && Number(id) === uid) return home || '/';
  }
  return '/';
}

const nameOf = (entry: string): string => entry.slice(0, entry.indexOf('='));

/** Each variable once: the last one wins, where getenv(3) would find the first. */
function lastOfEach(env: readonly string[]): string[] {
  const last = new Map(env.map((entry, index) => [nameOf(entry), index]));
  return env.filter((entry, index) => last.get(nameOf(entry)) === index);
}

/**
 * The process with each variable once, and HOME set, as runc sets it where the spec does not or leaves it empty: Docker
 * and containerd rely on it. `root` is the root filesystem: of the bundle, or /proc/PID/root of a running container.
 */
export function withHome(process: Process, root: string): Process {
  const env = lastOfEach(process.env ?? []).filter((entry) => entry !== 'HOME=');
  if (env.some((entry) => nameOf(entry) === 'HOME')) return { ...process, env };
  const passwd = accountsIn(root, 'etc/passwd') ?? '';
  return { ...process, env: [...env, `HOME=${homeIn(passwd, process.user?.uid ?? 0)}`] };
}
