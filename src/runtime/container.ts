import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, TinyrunError } from '../errors.ts';
import type { State } from '../spec/types.ts';
import { containerDir, readState, type StateFile, type Status, statusOf } from './state.ts';

/** A container as its directory and the kernel tell of it. */
export interface Container {
  /** Absolute path of its directory below the root. */
  readonly dir: string;
  readonly state: StateFile;
  readonly status: Status;
}

function openDir(dir: string): Container | undefined {
  const state = readState(dir);
  return state === undefined ? undefined : { dir, state, status: statusOf(state) };
}

/** The container, or undefined when there is none of that id (or it is still being made). */
export function findContainer(root: string, id: string): Container | undefined {
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
  const container = findContainer(root, id);
  if (container === undefined) throw noSuchContainer();
  return container;
}

/** Every readable container below `root`, by id; a damaged one is told to `onDamaged` and left out. */
export function listContainers(root: string, onDamaged: (error: Error) => void): Container[] {
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

/** The state as the specification has it, for `state` and for hooks; runtime.md, "State". */
export function specState(state: StateFile, status: Status): State {
  return {
    ociVersion: state.ociVersion,
    id: state.id,
    status,
    ...(status === 'stopped' ? {} : { pid: state.pid }),
    bundle: state.bundle,
    ...(state.annotations === undefined ? {} : { annotations: state.annotations }),
  };
}
