import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { kernelReason, TinyrunError } from '../errors.ts';
import { type Journal, lockContainerDir, newJournal, removeLockedDir } from '../runtime/journal.ts';
import type { Lock } from '../store/lock.ts';
import { ensureDir, type Roots } from '../store/paths.ts';
import { ConfigError } from './config/error.ts';
import { type ContainerPaths, containerPaths, rootfsPoint } from './layout.ts';
import { Names } from './names.ts';
import type { Blueprint } from './prepare.ts';
import type { ContainerRecord } from './record.ts';
import { removeData, sweepAll } from './sweep.ts';
import type { CreateOptions } from './types.ts';

/** A container's directories and files, made; its process not yet. */
export interface Created {
  readonly record: ContainerRecord;
  readonly paths: ContainerPaths;
  /** Held until the command ends; frees what a sweep may take back. */
  readonly lock: Lock;
  readonly journal: Journal;
}

/** Makes what a blueprint says, or nothing. @throws TinyrunError NAME_IN_USE, NO_SPACE … */
export function createContainer(roots: Roots, blueprint: Blueprint, options: CreateOptions): Created {
  const { id } = blueprint.record;
  const paths = containerPaths(roots, id);
  const lock = lockRunDir(paths.run);
  try {
    const name = takeName(roots, id, options.name);
    const record = { ...blueprint.record, name };
    makeData(roots, blueprint, paths);
    if (options.cidfile !== undefined) writeCidfile(options.cidfile, id);
    return { record, paths, lock, journal: newJournal(paths.run) };
  } catch (error) {
    destroyContainer(roots, { paths, lock, record: blueprint.record });
    throw error;
  }
}

/** Takes back `createContainer`; the run directory last, since it is what a sweep goes by. */
export function destroyContainer(
  roots: Roots,
  made: { paths: ContainerPaths; lock: Lock; record: { id: string; name?: string } },
): void {
  removeData(roots, made.record.id, made.record.name);
  removeLockedDir(made.paths.run);
  made.lock.release();
}

/**
 * A sweep may take the lock before we do and remove the directory: then it is made again. By mkdir(2) itself: that of
 * node's with `recursive` looks again at what was there, and fails when it has gone meanwhile.
 */
function lockRunDir(run: string): Lock {
  ensureDir(dirname(run));
  for (;;) {
    makeDir(run);
    try {
      const lock = lockContainerDir(run);
      if (lock) return lock;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

function makeDir(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function takeName(roots: Roots, id: string, given: string | undefined): string {
  const names = new Names(roots.dataRoot);
  // the API writes a slash before names, and takes it
  const wanted = given?.replace(/^\//, '');
  if (!wanted) return names.takeGenerated(id);
  try {
    names.take(wanted, id);
  } catch (error) {
    if (!(error instanceof TinyrunError) || error.code !== 'NAME_IN_USE') throw error;
    // the holder may be gone, by a reboot or with its command
    sweepAll(roots);
    names.take(wanted, id);
  }
  return wanted;
}

function makeData(roots: Roots, blueprint: Blueprint, paths: ContainerPaths): void {
  ensureDir(rootfsPoint(roots));
  ensureDir(paths.data);
  mkdirSync(paths.upper, { mode: 0o755 });
  mkdirSync(paths.work, { mode: 0o700 });
  // it becomes the container's /, which every user of the container may enter, whatever the caller's umask
  chmodSync(paths.upper, 0o755);
  const { uidMappings: [uids] = [], gidMappings: [gids] = [] } = blueprint.spec.linux ?? {};
  if (uids && gids) chownSync(paths.upper, uids.hostID, gids.hostID);
  for (const { name, text } of blueprint.files) {
    writeFileSync(join(paths.data, name), text, { mode: 0o644 });
    chmodSync(join(paths.data, name), 0o644);
  }
  for (const source of blueprint.missingSources) mkdirSync(source, { recursive: true, mode: 0o755 });
}

/** Found before anything is made; it may still come to be meanwhile. */
export function checkCidfile(path: string | undefined): void {
  if (path !== undefined && existsSync(path)) throw new ConfigError('cidfile', 'the file exists', TAKEN);
}

const TAKEN = { hint: 'another container may have written it: remove it or choose another name' };

function writeCidfile(path: string, id: string): void {
  try {
    writeFileSync(path, id, { flag: 'wx', mode: 0o644 });
  } catch (cause) {
    throw new ConfigError('cidfile', kernelReason(cause), { cause });
  }
}
