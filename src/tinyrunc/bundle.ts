import { readFileSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { errnoOf, TinyrunError } from '../errors.ts';
import { parseJson } from '../spec/parse.ts';
import type { Spec } from '../spec/types.ts';
import { assertSpec, type Problem } from '../spec/validate/index.ts';
import { join } from '../store/join.ts';

/** A directory with config.json and a root filesystem; bundle.md of the specification. */
export interface Bundle {
  /** Absolute path. */
  readonly path: string;
  /** Absolute path of the root filesystem. */
  readonly rootfs: string;
  readonly spec: Spec;
  /** config.json as it was read: later changes to the file must not reach the container. */
  readonly text: string;
}

function readConfig(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new TinyrunError('BUNDLE', `JSON specification file ${path} not found`, {
      hint: 'run it in a bundle, or name one with --bundle; tinyrunc spec writes a config.json',
    });
  }
}

/** Like runc: a root that is a symlink is refused, since whoever may change the link would choose the directory. */
function rootfsFault(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'no such file or directory';
  if (!stat.isDirectory()) return 'not a directory';
  return realpathSync.native(path) === path ? undefined : 'a symlink, or below one';
}

/** Refuses what the kernel would refuse later with less of a reason. */
function checkRootfs(path: string): void {
  const reason = rootfsFault(path);
  if (reason === undefined) return;
  throw new TinyrunError('BUNDLE', `root.path ${path}: ${reason}`, {
    hint: "root.path in config.json is absolute, or relative to the bundle's directory",
  });
}

/**
 * Reads and validates a bundle. Warnings (unknown capabilities and the like) go to `warn`.
 * @throws TinyrunError (BUNDLE, SPEC_INVALID)
 */
export function readBundle(path: string, warn: (problem: Problem) => void): Bundle {
  const absolute = resolve(path);
  const config = join(absolute, 'config.json');
  const text = readConfig(config);
  const spec = assertSpec(parseJson(text, config), config, warn);
  if (spec.root === undefined) throw new TinyrunError('SPEC_INVALID', `${config}: root: is missing`);
  // The way to the bundle may lead through symlinks (/var/run is one), the way from it to the root may not.
  const rootfs = resolve(realpathSync.native(absolute), spec.root.path);
  checkRootfs(rootfs);
  return { path: absolute, rootfs, spec, text };
}
