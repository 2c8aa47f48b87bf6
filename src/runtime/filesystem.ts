import { readFileSync, realpathSync } from 'node:fs';

/** `\040` and its like, as proc_pid_mountinfo(5) writes blanks in paths. */
const plainPath = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

export interface MountFacts {
  /** Where it is mounted. */
  readonly path: string;
  readonly type: string;
  /** `shared:7`, `master:3`; none of a private mount. */
  readonly propagation: readonly string[];
}

/** What a mountinfo text has at a path: the deepest mount, the last of equal ones; proc_pid_mountinfo(5). */
export function mountAt(mountinfo: string, path: string): MountFacts | undefined {
  let best: MountFacts | undefined;
  for (const line of mountinfo.split('\n')) {
    const [mount = '', rest] = line.split(' - ');
    const fields = mount.split(' ');
    const point = plainPath(fields[4] ?? '');
    const isAbove = point === '/' || path === point || path.startsWith(`${point}/`);
    if (rest !== undefined && isAbove && point.length >= (best?.path.length ?? 0))
      best = { path: point, type: rest.split(' ')[0] ?? '', propagation: fields.slice(6) };
  }
  return best;
}

/** The mounts of this process. */
export const ownMounts = (): string => readFileSync('/proc/self/mountinfo', 'utf8');

/** The type of the file system that a path of the host is on, undefined where the host does not tell. */
export function fileSystemType(path: string): string | undefined {
  try {
    return mountAt(ownMounts(), realpathSync.native(path))?.type;
  } catch {
    return undefined;
  }
}
