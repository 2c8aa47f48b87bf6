import { existsSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { hostFacts } from '../runtime/host.ts';
import { replaceHealth } from '../runtime/monitor/health.ts';
import { type Container, containerSpec, STATE_FILE } from '../runtime/state.ts';
import { join } from '../store/join.ts';
import type { Roots } from '../store/paths.ts';
import { healthOf } from './config/health.ts';
import type { Modes } from './config/namespaces.ts';
import { orderedHealth } from './health.ts';
import { imageDefaultsOf } from './image-defaults.ts';
import type { ContainerRecord } from './record.ts';
import { isNested } from './systemd.ts';

/** A record with what its configuration says of its health, over what its image does. */
export function withHealth(roots: Roots, record: ContainerRecord): ContainerRecord {
  const { health: _, ...rest } = record;
  const health = healthOf(record.config.health, imageDefaultsOf(roots, record) ?? {});
  return { ...rest, ...(health && { health }) };
}

interface Running extends Container {
  readonly modes: Modes;
}

/** What has its monitor run that from now on; undefined: there is nothing to be changed. @throws TinyrunError UNSUPPORTED */
export function healthChange(
  roots: Roots,
  before: ContainerRecord,
  { id, health, systemd }: ContainerRecord,
  { state, dir, modes }: Running,
): (() => Promise<void>) | undefined {
  if (health === undefined && before.health === undefined) return undefined;
  if (state.lifeline !== 'monitor')
    throw new TinyrunError('UNSUPPORTED', 'a monitor makes health checks, and this container has none', {
      hint: 'its command is its parent, as of one that is removed at its end: give it a check when it is made, or run it detached',
    });
  const { cgroup } = state;
  const host = hostFacts();
  const nested = systemd && isNested(modes, host.cgroup);
  const of = { id, spec: containerSpec(dir), host, cgroup, nested };
  const order = health && orderedHealth(roots, { ...of, health });
  return async () => {
    // one that has ended meanwhile has it from its record
    if ((await replaceHealth(dir, order)) || !existsSync(join(dir, STATE_FILE))) return;
    throw new TinyrunError(
      'UNSUPPORTED',
      'its monitor takes no other health check: it is of an earlier tinyrun',
      {
        hint: 'tinyrun restart gives it one of this',
      },
    );
  };
}
