import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TinyrunError } from '../errors.ts';
import { hostFacts } from '../runtime/host.ts';
import { replaceHealth } from '../runtime/monitor/health.ts';
import type { OrderedHealth } from '../runtime/monitor/order.ts';
import { containerSpec, STATE_FILE, type StateFile } from '../runtime/state.ts';
import { updateContainer as setLimits } from '../runtime/update.ts';
import type { Roots } from '../store/paths.ts';
import { markPolicy, wake } from './again.ts';
import { holdRecord } from './change.ts';
import { checkConfig } from './config/check.ts';
import { healthOf } from './config/health.ts';
import { changedConfig, changedResources, type UpdateConfig } from './config/update.ts';
import { orderedHealth } from './health.ts';
import { imageDefaultsOf } from './image-defaults.ts';
import { type ContainerPaths, containerPaths } from './layout.ts';
import { findContainer } from './manage.ts';
import { type ContainerRecord, readRecord, viewOf, writeRecord } from './record.ts';
import { type ContainerStatus, isRunning } from './status.ts';
import { keepTold, tell } from './tell.ts';

/**
 * Changes what a container is asked to be: limits of one that runs, and what tells how it is, at once, as well as for its next
 * starts; how it is stopped from now on; its environment and its log from its next start on.
 * @param warn is told what this host cannot keep
 * @throws TinyrunError, ConfigError; then nothing is changed
 */
export async function updateContainer(
  roots: Roots,
  text: string,
  asked: UpdateConfig,
  warn: (message: string) => void = () => {},
): Promise<void> {
  const { id } = findContainer(roots, text).record;
  const held = await holdRecord(roots, id);
  try {
    const record = readRecord(roots, id);
    if (record === undefined) throw new TinyrunError('CONTAINER_NOT_FOUND', `no such container: ${text}`);
    const config = changedConfig(record.config, asked);
    const { resources } = checkConfig({ ...config, mounts: undefined }, hostFacts());
    const view = viewOf(roots, record);
    const now = changedResources(resources, asked.limits);
    const next = withWords(
      asked.health ? withHealth(roots, { ...record, config }) : { ...record, config },
      asked,
    );
    const { state } = view;
    if (state && isRunning(view)) {
      const dir = containerPaths(roots, id).run;
      const checked = asked.health && checkedOf(roots, next, state, record.health !== undefined);
      if (Object.keys(now).length > 0) await setLimits({ state, dir }, now, warn);
      if (checked) await setHealth(dir, checked);
    }
    writeRecord(roots, next);
    if (asked.restart) policyChanged(containerPaths(roots, id), next, view.status);
    if (asked.labels) keepTold(roots, next);
    tell(roots, next, 'update');
  } finally {
    held.release();
  }
}

/** Its monitor goes by the new one, and who waits by the old one looks again. */
function policyChanged(paths: ContainerPaths, record: ContainerRecord, status: ContainerStatus): void {
  markPolicy(paths, record);
  if (status === 'restarting') wake(paths);
}

function withHealth(roots: Roots, record: ContainerRecord): ContainerRecord {
  const { health: _, ...rest } = record;
  const health = healthOf(record.config.health, imageDefaultsOf(roots, record) ?? {});
  return { ...rest, ...(health && { health }) };
}

/** What its monitor is to run from now on; undefined: nobody is to be told. @throws TinyrunError UNSUPPORTED */
function checkedOf(roots: Roots, { id, health }: ContainerRecord, state: StateFile, hadSome: boolean) {
  if (health === undefined && !hadSome) return undefined;
  if (state.lifeline !== 'monitor')
    throw new TinyrunError(
      'UNSUPPORTED',
      'health checks are made by a monitor, and this container has none',
      {
        hint: 'its command is its parent (run --rm): give it a check when it is made, or run it with -d',
      },
    );
  const { run } = containerPaths(roots, id);
  return {
    health:
      health &&
      orderedHealth(roots, { id, spec: containerSpec(run), host: hostFacts(), health, cgroup: state.cgroup }),
  };
}

async function setHealth(run: string, { health }: { health: OrderedHealth | undefined }): Promise<void> {
  if ((await replaceHealth(run, health)) || !existsSync(join(run, STATE_FILE))) return;
  throw new TinyrunError(
    'UNSUPPORTED',
    'its monitor does not take another health check: it is of an earlier tinyrun',
    {
      hint: 'tinyrun restart gives it one of this',
    },
  );
}

/** What its record says beside its configuration. */
function withWords(record: ContainerRecord, { labels, stop }: UpdateConfig): ContainerRecord {
  return {
    ...record,
    ...(labels && { labels: { ...record.labels, ...labels } }),
    ...(stop?.signal !== undefined && { stopSignal: stop.signal }),
  };
}
