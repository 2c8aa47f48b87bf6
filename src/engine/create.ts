import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { isTinyrunError, kernelReason } from '../errors.ts';
import { type ClaimedDir, claimDir, removeLockedDir } from '../runtime/dir.ts';
import { join } from '../store/join.ts';
import { ensureDir, type Roots } from '../store/paths.ts';
import { hasPolicy, markPolicy } from './again.ts';
import { type Blueprint, withAttached } from './blueprint.ts';
import { ConfigError } from './config/error.ts';
import { placesOf } from './config/mounts.ts';
import { tell } from './events/tell.ts';
import { type ContainerPaths, containerPaths, rootfsPoint } from './layout.ts';
import { Names } from './names.ts';
import { type ContainerRecord, writeRecord } from './record.ts';
import { removeData, sweepAll, sweepQuietly } from './sweep.ts';
import type { CreateOptions } from './types.ts';
import { anonymousOf } from './volumes/seeded.ts';

/** A container's directories, files and record, made; its process not yet. */
export interface Created {
  readonly record: ContainerRecord;
  readonly paths: ContainerPaths;
  /** With the addresses that it has. */
  readonly blueprint: Blueprint;
  /** Its lock is held until the command ends, or handed on to a monitor; frees what a sweep may take back. */
  readonly dir: ClaimedDir;
}

/** Makes what a blueprint says, or nothing. @throws TinyrunError NAME_IN_USE, NO_SPACE … */
export function createContainer(roots: Roots, blueprint: Blueprint, options: CreateOptions): Created {
  const { id } = blueprint.record;
  const paths = containerPaths(roots, id);
  const dir = claimRunDir(paths.run);
  try {
    const name = takeName(roots, id, options.name);
    const made = attachedIn(paths.run, blueprint, name);
    const record = { ...made.record, name };
    makeData(roots, made, paths);
    if (options.cidfile !== undefined) writeCidfile(options.cidfile, id);
    const write = () => writeRecord(roots, record);
    if (hasPolicy(record)) markPolicy(paths, { ...record, wanted: 'running' });
    if (blueprint.volumes) blueprint.volumes.making(write);
    else write();
    return { record, paths, dir, blueprint: made };
  } catch (error) {
    takeBackCreated(roots, { dir, record: blueprint.record });
    throw error;
  }
}

/** The same for a container that is to be started some time; answers its id. */
export function makeContainer(roots: Roots, blueprint: Blueprint, options: CreateOptions): string {
  const record = { ...blueprint.record, wanted: 'stopped' as const };
  const { networks: _, ...rest } = blueprint;
  const { dir, record: made } = createContainer(roots, { ...rest, record }, options);
  tell(roots, made, 'create');
  removeLockedDir(dir.path);
  dir.lock.release();
  return record.id;
}

/** With addresses, where it is in networks: they are leased by files in its run directory. */
export const attachedIn = (run: string, blueprint: Blueprint, name: string): Blueprint =>
  blueprint.networks ? withAttached(blueprint, blueprint.networks.attach(run, name)) : blueprint;

/** Takes back `createContainer`; the run directory last, since it is what a sweep goes by. */
export function takeBackCreated(
  roots: Roots,
  { dir, record }: { dir: ClaimedDir; record: Omit<ContainerRecord, 'name'> & { name?: string } },
): void {
  removeData(roots, record.id, record.name, anonymousOf(record));
  removeLockedDir(dir.path);
  dir.lock.release();
}

/** An id is nobody else's: who holds the lock is a sweep that has found the directory still empty, and removes it. */
function claimRunDir(run: string): ClaimedDir {
  for (;;) {
    const dir = claimDir(run);
    if (dir) return dir;
  }
}

function takeName(roots: Roots, id: string, given: string | undefined): string {
  // the API writes a slash before names, and takes it
  const wanted = given?.replace(/^\//, '');
  if (!wanted) return new Names(roots.dataRoot).takeGenerated(id);
  takeGivenName(roots, id, wanted);
  return wanted;
}

/** Takes a name for a container. @throws TinyrunError NAME_IN_USE, ConfigError */
export function takeGivenName(roots: Roots, id: string, wanted: string): void {
  const names = new Names(roots.dataRoot);
  try {
    names.take(wanted, id);
  } catch (error) {
    if (!isTinyrunError(error, 'NAME_IN_USE')) throw error;
    // the holder may be gone, by a reboot or with its command, and another command be at it
    const holder = names.holder(wanted);
    if (holder !== undefined) sweepQuietly(roots, holder, true);
    sweepAll(roots);
    names.take(wanted, id);
  }
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
  makeHostSide(blueprint, paths);
}

/** What of the host a container is to see, as it is now: also when it is started again. */
export function makeHostSide({ files, missingSources, record }: Blueprint, paths: ContainerPaths): void {
  for (const { name, text } of files) {
    writeFileSync(join(paths.data, name), text, { mode: 0o644 });
    chmodSync(join(paths.data, name), 0o644);
  }
  for (const { target } of placesOf(record.placed).hostMounts)
    mkdirSync(target, { recursive: true, mode: 0o700 });
  for (const source of missingSources) mkdirSync(source, { recursive: true, mode: 0o755 });
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
