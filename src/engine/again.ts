import { rmSync } from 'node:fs';
import { type Afterwards, startSleeper } from '../runtime/monitor/order.ts';
import { writeFileAtomic } from '../store/atomic.ts';
import type { Lock } from '../store/lock.ts';
import { packageRoot } from '../store/package.ts';
import type { Roots } from '../store/paths.ts';
import { type ContainerPaths, containerPaths } from './layout.ts';
import type { ContainerExit, ContainerRecord } from './record.ts';

// A container that has ended is to run again where its policy says so. Its monitor goes by one byte, the file `restart` beside
// the record (native/init/again.cc): it waits, and becomes `tinyrun _ended`, who asks the record.

type Asked = Pick<ContainerRecord, 'config' | 'wanted' | 'restarts'>;

/** Whether it has a policy at all. */
export const hasPolicy = ({ config }: Pick<ContainerRecord, 'config'>): boolean =>
  config.restart !== undefined && config.restart.on !== 'no';

/** Whether an end with this code is not the last: as Docker's restartmanager. Who stops it has said so before. */
export function isAgain({ config, wanted, restarts = 0 }: Asked, code: number): boolean {
  if (!hasPolicy({ config }) || wanted === 'stopped') return false;
  const { on, atMost = 0 } = config.restart ?? {};
  return on !== 'failure' || (code !== 0 && (atMost === 0 || restarts < atMost));
}

/** The same of one that has ended. */
export const goesOn = (record: ContainerRecord): boolean =>
  record.exit !== undefined && record.failure === undefined && isAgain(record, record.exit.code);

const FIRST = 100;
const LONGEST = 60_000;
const LONG_RUN = 10_000;

/** Milliseconds to wait, after `last` the time before. */
export const nextBackoff = (last: number | undefined): number =>
  last === undefined ? FIRST : Math.min(last * 2, LONGEST);

/** What is waited after this end: it begins anew where the program ran for a while. */
export function backoffOf({ backoff }: Pick<ContainerRecord, 'backoff'>, exit: ContainerExit): number {
  const ran = exit.started === undefined ? 0 : Date.parse(exit.finished) - Date.parse(exit.started);
  return ran >= LONG_RUN ? FIRST : nextBackoff(backoff);
}

/** Another one that runs after this end. */
export const restarted = (record: ContainerRecord, exit: ContainerExit): ContainerRecord => ({
  ...record,
  restarts: (record.restarts ?? 0) + 1,
  backoff: backoffOf(record, exit),
});

/** Tells its monitor, now and later, what the record says. */
export function markPolicy(paths: ContainerPaths, record: Asked): void {
  const { on } = record.config.restart ?? {};
  // whether it failed is for the monitor to see
  if (!isAgain(record, 1)) rmSync(paths.restart, { force: true });
  else writeFileAtomic(paths.restart, on === 'failure' ? 'f' : 'a');
}

/** Whoever waits with it looks at once. */
export const wake = (paths: ContainerPaths): void => writeFileAtomic(paths.look, '');

/** Its user wants it stopped. Whoever waits to start it again hears of it; what is removed when it ends is wanted no longer. */
export const stopping =
  (roots: Roots) =>
  (record: ContainerRecord): ContainerRecord | undefined => {
    if (record.config.autoRemove) return undefined;
    if (hasPolicy(record)) wake(containerPaths(roots, record.id));
    return { ...record, wanted: 'stopped', started: record.started ?? record.created };
  };

/** The host goes down: it is wanted as it was, and its monitor is not to start it again. */
export const goingDown =
  (roots: Roots) =>
  ({ id }: ContainerRecord): undefined => {
    rmSync(containerPaths(roots, id).restart, { force: true });
  };

/** What a monitor becomes, which has the lock as `lock`. */
export function afterwardsOf(
  roots: Roots,
  { id, config, backoff }: Pick<ContainerRecord, 'id' | 'config' | 'backoff'>,
  lock: number,
): Afterwards {
  const { dataRoot, runRoot } = roots;
  const own = ['--data-root', dataRoot, '--run-root', runRoot, '_ended', '--lock', String(lock), id];
  return {
    args: [`${packageRoot()}/bin/tinyrun`, ...own],
    environment: ['PATH', 'HOME', 'NODE_EXTRA_CA_CERTS'].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [`${name}=${value}`];
    }),
    backoff: nextBackoff(backoff),
    isLikely: hasPolicy({ config }),
  };
}

/**
 * One whose monitor was killed, and all is taken back: is it to run again, then another waits with it, who has the lock from
 * here on. Answers whether.
 */
export function handOn(roots: Roots, record: ContainerRecord, lock: Lock): boolean {
  if (!goesOn(record)) return false;
  const { run, data } = containerPaths(roots, record.id);
  startSleeper({ run, data, lock: lock.fd, afterwards: afterwardsOf(roots, record, lock.fd) });
  return true;
}
