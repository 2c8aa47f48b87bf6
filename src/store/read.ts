import { existsSync, readFileSync } from 'node:fs';
import { errnoOf } from '../errors.ts';

/** The text of a file, undefined when there is none: asked first, for node makes an error of it at ten times the cost. */
export function readIfExists(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The text of a file of the host that may be missing, forbidden or of no use: of /proc, /sys or /etc. */
export function readIfAny(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
