import { TinyrunError } from '../errors.ts';
import { hostFacts } from '../runtime/host.ts';
import { updateContainer as setLimits } from '../runtime/update.ts';
import type { Roots } from '../store/paths.ts';
import { markPolicy, wake } from './again.ts';
import { holdRecord } from './change.ts';
import { checkConfig } from './config/check.ts';
import { exposedPorts } from './config/exposed.ts';
import type { ContainerConfig } from './config/types.ts';
import { changedConfig, changedResources, type UpdateConfig } from './config/update.ts';
import { changedPorts } from './config/update-ports.ts';
import { keepTold, tell } from './events/tell.ts';
import { imageDefaultsOf } from './image-defaults.ts';
import { type ContainerPaths, containerPaths } from './layout.ts';
import { findContainer } from './manage.ts';
import { publishLive } from './networks/publish.ts';
import { type ContainerRecord, type ContainerView, readRecord, viewOf, writeRecord } from './record.ts';
import { type ContainerStatus, isRunning } from './status.ts';
import { healthChange, withHealth } from './update-health.ts';

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
    const view = viewOf(roots, record);
    const config = withPorts(roots, view, changedConfig(record.config, asked), asked);
    const { resources, modes } = checkConfig({ ...config, mounts: undefined }, hostFacts());
    const now = changedResources(resources, asked.limits);
    const changed = { ...record, config };
    let next = withWords(asked.health ? withHealth(roots, changed) : changed, asked);
    if (view.state && isRunning(view)) {
      const running = { state: view.state, dir: containerPaths(roots, id).run };
      const tellHealth = asked.health && healthChange(roots, record, next, { ...running, modes });
      if (Object.keys(now).length > 0) await setLimits(running, now, warn);
      await tellHealth?.();
      if (isOfPorts(asked)) next = { ...next, ports: await publishLive(roots, view, asked) };
    }
    writeRecord(roots, next);
    if (asked.restart) policyChanged(containerPaths(roots, id), next, view.status);
    if (asked.labels) keepTold(roots, next);
    tell(roots, next, 'update');
  } finally {
    held.release();
  }
}

const isOfPorts = ({ publish, unpublish }: UpdateConfig): boolean =>
  publish !== undefined || unpublish !== undefined;

function withPorts(
  roots: Roots,
  { record, status }: ContainerView,
  config: ContainerConfig,
  asked: UpdateConfig,
): ContainerConfig {
  if (!isOfPorts(asked)) return config;
  const exposed = Object.keys(exposedPorts(config.exposed, imageDefaultsOf(roots, record) ?? {}) ?? {});
  return changedPorts(config, asked, { exposed, bound: isRunning({ status }) ? (record.ports ?? []) : [] });
}

/** Its monitor goes by the new one, and who waits by the old one looks again. */
function policyChanged(paths: ContainerPaths, record: ContainerRecord, status: ContainerStatus): void {
  markPolicy(paths, record);
  if (status === 'restarting') wake(paths);
}

/** What its record says beside its configuration. */
function withWords(record: ContainerRecord, { labels, stop }: UpdateConfig): ContainerRecord {
  return {
    ...record,
    ...(labels && { labels: { ...record.labels, ...labels } }),
    ...(stop?.signal !== undefined && { stopSignal: stop.signal }),
  };
}
