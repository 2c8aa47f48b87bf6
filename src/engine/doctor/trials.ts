// What is tried for real. Every trial undoes itself: mounts stay detached and end with their fd.

import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { TinyrunError } from '../../errors.ts';
import { AT_EMPTY_PATH } from '../../native/fcntl.ts';
import type { NativeAddon } from '../../native/index.ts';
import {
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOUNT_ATTR_RDONLY,
} from '../../spec/linux.ts';
import { join } from '../../store/join.ts';
import { createEngine } from '../engine.ts';
import type { DoctorFacts, Trial } from './facts.ts';

/** What a trial threw, in a few words: `EPERM: fsopen …`. */
export function attempt(action: () => void): Trial {
  try {
    action();
    return { works: true };
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const text = String(message ?? error).split('\n')[0] ?? '';
    return {
      works: false,
      why: typeof code === 'string' && !text.includes(code) ? `${code}: ${text}` : text,
    };
  }
}

function withFd<T>(addon: NativeAddon, fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    addon.close(fd);
  }
}

export function tryMountApi(addon: NativeAddon): void {
  withFd(addon, addon.fsopen('tmpfs', FSOPEN_CLOEXEC), (fs) => {
    addon.fsconfig(fs, FSCONFIG_CMD_CREATE);
    withFd(addon, addon.fsmount(fs, FSMOUNT_CLOEXEC, 0), (mount) =>
      addon.mountSetattr(mount, '', AT_EMPTY_PATH, { set: BigInt(MOUNT_ATTR_RDONLY) }),
    );
  });
}

/** The directory itself, or the nearest of its parents that is there. */
function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}

export function tryOverlay(addon: NativeAddon, dataRoot: string): void {
  const base = mkdtempSync(join(nearestExisting(dataRoot), '.tinyrun-doctor-'));
  try {
    for (const name of ['lower', 'upper', 'work']) mkdirSync(join(base, name));
    withFd(addon, addon.fsopen('overlay', FSOPEN_CLOEXEC), (fs) => {
      for (const name of ['lower', 'upper', 'work'])
        addon.fsconfig(fs, FSCONFIG_SET_STRING, `${name}dir`, join(base, name));
      addon.fsconfig(fs, FSCONFIG_CMD_CREATE);
      addon.close(addon.fsmount(fs, FSMOUNT_CLOEXEC, 0));
    });
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

export function hasLowerdirPlus(addon: NativeAddon): boolean {
  return attempt(() =>
    withFd(addon, addon.fsopen('overlay', FSOPEN_CLOEXEC), (fs) =>
      addon.fsconfig(fs, FSCONFIG_SET_STRING, 'lowerdir+', '/'),
    ),
  ).works;
}

/** The real thing: every step of a start, in roots of its own beside the images. */
export async function tryContainer(dataRoot: string): Promise<DoctorFacts['container']> {
  try {
    const base = mkdtempSync(join(nearestExisting(dataRoot), '.tinyrun-doctor-'));
    return await runIn(base).finally(() => rmSync(base, { recursive: true, force: true }));
  } catch (error) {
    const { message } = error as Error;
    return { works: false, why: message, ...(error instanceof TinyrunError && { remedy: error.hint }) };
  }
}

async function runIn(base: string): Promise<Trial> {
  const engine = createEngine({ dataRoot: join(base, 'data'), runRoot: join(base, 'run') });
  // networks have a check of their own, and a bridge would stay
  const config = { image: 'busybox', args: ['true'], autoRemove: true, network: 'none' } as const;
  const { exitCode } = await engine.run(config, { pull: 'never', sigProxy: false });
  return exitCode === 0
    ? { works: true }
    : { works: false, why: `its program, true, ended with ${exitCode}` };
}
