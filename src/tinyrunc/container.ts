import { readdirSync } from 'node:fs';
import { errnoOf, TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import { type Container as ContainerFiles, readState, type Status, statusOf } from '../runtime/state.ts';
import { join } from '../store/join.ts';

/** runtime-spec leaves the grammar to the runtime; this is runc's, so that its users' names go on working. */
const ID = /^[\w+\-.,]+$/;
/** NAME_MAX less room for the suffixes of temporary files. */
const LONGEST_NAME = 200;

/** @throws TinyrunError (CONTAINER_ID) for an id that is empty, longer than 1024 characters, or could be a path. */
export function checkId(id: string): void {
  if (id.length > 0 && id.length <= 1024 && ID.test(id) && id !== '.' && id !== '..') return;
  if (id === '') throw new TinyrunError('CONTAINER_ID', 'container id cannot be empty');
  const shown = id.length > 64 ? `${id.slice(0, 61)}...` : id;
  throw new TinyrunError('CONTAINER_ID', `invalid container ID format: ${JSON.stringify(shown)}`);
}

/** The directory of a container below `root`: its id, or a digest of it where a file name could not hold it. */
export function containerDir(root: string, id: string): string {
  checkId(id);
  if (id.length <= LONGEST_NAME) return join(root, id);
  // '~' is in no id, so a digest never meets a short name; state.json holds the whole id.
  return join(root, `~${id.slice(0, 100)}~${native().fnv1a(id)}`);
}

/** A container as its directory and the kernel tell of it. */
export interface Container extends ContainerFiles {
  readonly status: Status;
}

function openDir(dir: string): Container | undefined {
  const state = readState(dir);
  return state === undefined ? undefined : { dir, state, status: statusOf(state) };
}

/** The container, or undefined when there is none of that id (or it is still being made). */
export function openContainer(root: string, id: string): Container | undefined {
  const container = openDir(containerDir(root, id));
  return container?.state.id === id ? container : undefined;
}

/** runc's words, which containerd's shim and podman match. */
export function noSuchContainer(): TinyrunError {
  return new TinyrunError('CONTAINER_NOT_FOUND', 'container does not exist', {
    hint: 'tinyrunc list shows the containers below this --root',
  });
}

/** @throws TinyrunError (CONTAINER_NOT_FOUND, CONTAINER_ID, STATE_DAMAGED) */
export function loadContainer(root: string, id: string): Container {
  const container = openContainer(root, id);
  if (container === undefined) throw noSuchContainer();
  return container;
}

/** Every readable container below `root`, by id; a damaged one is told to `onDamaged` and left out. */
export function openContainers(root: string, onDamaged: (error: Error) => void): Container[] {
  const found: Container[] = [];
  for (const name of namesBelow(root)) {
    try {
      const container = openDir(join(root, name));
      if (container !== undefined) found.push(container);
    } catch (error) {
      onDamaged(error as Error);
    }
  }
  return found.sort((a, b) => (a.state.id < b.state.id ? -1 : 1));
}

function namesBelow(root: string): string[] {
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
