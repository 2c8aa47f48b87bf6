// The only place that loads the addon. It is loaded at the first call of native(): `tinyrun --help` needs none.
import { existsSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { join } from '../store/join.ts';
import { packageRoot } from '../store/package.ts';
import { openToOthers } from '../store/trust.ts';
import { SyscallError } from './syscall-error.ts';
import type { NativeAddon } from './types.ts';

export { AT_FDCWD } from './fcntl.ts';
export { SyscallError } from './syscall-error.ts';
export type * from './types.ts';

type LoadedAddon = NativeAddon & { useSyscallError(errorClass: typeof SyscallError): void };

/** Where the addon may lie, best first: one's own build, then what the package ships for this platform. */
export function addonPaths(root: string): string[] {
  return [
    join(root, 'build/Release/tinyrun.node'),
    join(root, `prebuilds/${process.platform}-${process.arch}/tinyrun.node`),
  ];
}

// What boot.ts left to be done at the end of the process: exitNow() runs no 'exit' handlers.
function beforeExit(): void {
  const key = Symbol.for('tinyrun.beforeExit');
  (process as { [key]?: () => void })[key]?.();
}

/** How many directories on the way to an addon are the package's own: two of the build, and the package. */
const OWN_DIRECTORIES = 3;

/** Loads the first of `paths` that can be. Throws TinyrunError NATIVE_MISSING, which lists each path tried. */
export function loadAddon(paths: readonly string[]): NativeAddon {
  const tried: string[] = [];
  for (const path of paths) {
    if (!existsSync(path)) {
      tried.push(`${path}: not there`);
      continue;
    }
    const open = openToOthers(path, OWN_DIRECTORIES);
    if (open !== undefined) {
      tried.push(`${path}: others may write ${open === path ? 'it' : open} (chmod go-w)`);
      continue;
    }
    const holder: { exports: Partial<LoadedAddon> } = { exports: {} };
    try {
      // process.dlopen rather than require: no createRequire, and no module resolution on the path of every start.
      process.dlopen(holder as NodeJS.Module, path);
      return prepared(holder.exports as LoadedAddon);
    } catch (error) {
      tried.push(`${path}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new TinyrunError('NATIVE_MISSING', `the native addon could not be loaded; tried ${tried.join('; ')}`);
}

function prepared(addon: LoadedAddon): NativeAddon {
  addon.useSyscallError(SyscallError);
  const { exitNow } = addon;
  addon.exitNow = (code) => {
    beforeExit();
    return exitNow(code);
  };
  return addon;
}

let loaded: NativeAddon | undefined;

/**
 * The addon, loaded once. Throws TinyrunError NATIVE_MISSING, which lists each path tried.
 * @example
 * console.log(native().getpid() === process.pid); // true
 */
export function native(): NativeAddon {
  loaded ??= loadAddon(addonPaths(packageRoot()));
  return loaded;
}

/** The addon if something has loaded it already: what is only worth doing then does not load it. */
export function loadedNative(): NativeAddon | undefined {
  return loaded;
}
