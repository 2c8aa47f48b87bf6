import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';

/** Where everything lies. Two roots: what survives a reboot, and what must not. */
export interface Roots {
  /** Absolute; 0700, since layers hold setuid files that other users of the host must not reach. */
  readonly dataRoot: string;
  /** Absolute; a tmpfs in practice, so that a reboot empties it. */
  readonly runRoot: string;
}

export const DEFAULT_DATA_ROOT = '/var/lib/tinyrun';
export const DEFAULT_RUN_ROOT = '/run/tinyrun';

/**
 * The roots from options, then `TINYRUN_ROOT` and `TINYRUN_RUN_ROOT`, then the defaults.
 * @example
 * console.log(resolveRoots({}, {}).dataRoot); // /var/lib/tinyrun
 */
export function resolveRoots(
  options: { dataRoot?: string | undefined; runRoot?: string | undefined },
  env: NodeJS.ProcessEnv,
): Roots {
  return {
    dataRoot: resolve(options.dataRoot || env.TINYRUN_ROOT || DEFAULT_DATA_ROOT),
    runRoot: resolve(options.runRoot || env.TINYRUN_RUN_ROOT || DEFAULT_RUN_ROOT),
  };
}

/** A directory with its missing parents, 0700 where it is made. */
export function ensureDir(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}
