import { openSync } from 'node:fs';
import { dirname } from 'node:path';
import { join } from './join.ts';
import { randomBytes } from './random.ts';

/** A file being written, to be renamed to what it is for. */
export interface Temporary {
  readonly fd: number;
  readonly path: string;
}

/**
 * A new file beside `target`. Others may be able to write that directory: nobody can guess the name beforehand, and
 * O_EXCL follows no link that lies there. The umask can only take permissions away from `mode`.
 */
export function createBeside(target: string, mode: number): Temporary {
  const path = join(dirname(target), `.tmp-${randomBytes(12).toString('hex')}`);
  return { fd: openSync(path, 'wx', mode), path };
}
