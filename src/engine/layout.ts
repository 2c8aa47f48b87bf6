import { join } from '../store/join.ts';
import type { Roots } from '../store/paths.ts';

/** Where one container lies. Under the data root what it wrote, under the run root what is true until it ends. */
export interface ContainerPaths {
  /** 0700. Its own lock is held by who changes the record. */
  readonly data: string;
  readonly record: string;
  /** How it ended, written by its monitor. */
  readonly exit: string;
  /** The part of its monitor's events that a rename changes (native/init/event.h). */
  readonly event: string;
  /** What its monitor goes by when it has ended, and what ends its waiting (native/init/again.cc). */
  readonly restart: string;
  readonly look: string;
  /** How it is, written by its monitor (native/init/health.h). */
  readonly health: string;
  /** What it wrote, written by its monitor: the newest file, `.1` and so on the older ones. */
  readonly log: string;
  readonly upper: string;
  readonly work: string;
  /** The bundle of tinyrunc's verbs: config.json, state.json, lock, journal. 0700. */
  readonly run: string;
}

/** How a container ended, written by its monitor: in the run directory, then beside the record. */
export const EXIT_FILE = 'exit.json';

export const containersDir = (roots: Roots): string => join(roots.dataRoot, 'containers');
export const runningDir = (roots: Roots): string => join(roots.runRoot, 'containers');

/**
 * Every container attaches its root filesystem over this one empty directory: each does so in its own mount
 * namespace, so they never meet, and starting a container makes one directory fewer.
 */
export const rootfsPoint = (roots: Roots): string => join(roots.dataRoot, 'rootfs');

export function containerPaths(roots: Roots, id: string): ContainerPaths {
  const data = join(containersDir(roots), id);
  // Every command asks several times; join() of what is normal already was compiled by V8 for that, 3 ms.
  return {
    data,
    record: `${data}/container.json`,
    exit: `${data}/${EXIT_FILE}`,
    event: `${data}/event`,
    restart: `${data}/restart`,
    look: `${data}/look`,
    health: `${data}/health.json`,
    log: `${data}/json.log`,
    upper: `${data}/upper`,
    work: `${data}/work`,
    run: join(runningDir(roots), id),
  };
}
