import { readFileSync, realpathSync } from 'node:fs';

/** `\040` and its like, as proc_pid_mountinfo(5) writes blanks in paths. */
const plainPath = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** The type of file system that a mountinfo text has at a path: that of the deepest mount, the last of equal ones. */
export function typeAt(mountinfo: string, path: string): string | undefined {
  let best = { point: '', type: undefined as string | undefined };
  for (const line of mountinfo.split('\n')) {
    const [mount = '', rest] = line.split(' - ');
    const point = plainPath(mount.split(' ')[4] ?? '');
    const isAbove = point === '/' || path === point || path.startsWith(`${point}/`);
    if (rest !== undefined && isAbove && point.length >= best.point.length)
      best = { point, type: rest.split(' ')[0] };
  }
  return best.type;
}

/** The type of the file system that a path of the host is on, undefined where the host does not tell. */
export function fileSystemType(path: string): string | undefined {
  try {
    return typeAt(readFileSync('/proc/self/mountinfo', 'utf8'), realpathSync.native(path));
  } catch {
    return undefined;
  }
}
