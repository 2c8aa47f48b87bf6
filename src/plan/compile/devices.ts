import { normalize } from 'node:path/posix';
import { S_IFBLK, S_IFCHR, S_IFIFO } from '../../native/fcntl.ts';
import { DEFAULT_DEVICES, DEV_SYMLINKS } from '../../spec/defaults.ts';
import type { LinuxDevice } from '../../spec/types.ts';
import { NO_SLOT } from '../types.ts';
import type { Context } from './context.ts';

const TYPES = { c: S_IFCHR, u: S_IFCHR, b: S_IFBLK, p: S_IFIFO } as const;

/** Made by the runtime itself: a link into the container's devpts, and the console. */
const OURS = new Set(['/dev/ptmx', '/dev/console']);

/** The default ones, each replaced by one of the spec with the same path, then the rest of the spec's. */
function wanted(c: Context): LinuxDevice[] {
  const byPath = new Map<string, LinuxDevice>();
  for (const device of [...DEFAULT_DEVICES, ...(c.linux.devices ?? [])])
    byPath.set(normalize(device.path), device);
  return [...byPath].filter(([path]) => !OURS.has(path)).map(([path, device]) => ({ ...device, path }));
}

function node(
  c: Context,
  { path, type, major = 0, minor = 0, fileMode = 0o666, uid = 0, gid = 0 }: LinuxDevice,
): void {
  const mode = fileMode & 0o7777;
  c.inContainer(
    'makeNode',
    { path, type: TYPES[type], mode, major, minor, uid, gid },
    'a device it may know',
  );
}

function borrowed(c: Context, path: string): void {
  const none = { attrSet: 0n, attrClear: 0n, recAttrSet: 0n, recAttrClear: 0n, propagation: 0, flags: 0 };
  c.inContainer(
    'bind',
    { source: path, slot: NO_SLOT, target: path, ...none },
    "the host's own: a user namespace may not make device nodes",
  );
}

/** Fills /dev: nodes, and the links that programs expect. */
export function devices(c: Context): void {
  for (const device of wanted(c)) {
    if (c.inUserns && device.type !== 'p') borrowed(c, device.path);
    else node(c, device);
  }
  for (const [path, target] of [...DEV_SYMLINKS, ['/dev/core', '/proc/kcore'] as const])
    c.inContainer('makeSymlink', { target, path }, 'where programs look for it');
}
