import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TinyrunError } from '../errors.ts';
import { whyMissing } from '../plan/compile/cgroup.ts';
import { type CgroupWrite, cgroupWrites, withoutV2 } from '../plan/compile/resources.ts';
import type { Step } from '../plan/types.ts';
import type { LinuxResources } from '../spec/types.ts';
import { readIfExists } from '../store/atomic.ts';
import type { Container } from './container.ts';
import { hostFacts } from './host.ts';
import { launchSync } from './launch.ts';
import { setScopeProperties, unitProperties } from './systemd.ts';
import { liveCgroups } from './whereabouts.ts';

function writeStep(cgroup: string, { file, value, why, mayFail }: CgroupWrite): Step {
  const args = { path: join(cgroup, file), value };
  return { op: 'writeFile', lane: 'host', args, why, ...(mayFail ? { mayFail } : {}) };
}

/** Files that are not there belong to controllers the host keeps elsewhere: said once each, like at creation. */
function reachable(
  cgroup: string,
  writes: readonly CgroupWrite[],
  warn: (message: string) => void,
): CgroupWrite[] {
  const told = new Set<string>();
  return writes.filter(({ controller, file, mayFail, required }) => {
    if (existsSync(join(cgroup, file))) return true;
    if (mayFail || told.has(controller)) return false;
    const said = `cgroup controller ${controller} is not on cgroup v2: ${whyMissing(controller, hostFacts().cgroup)}`;
    if (required) throw new TinyrunError('CGROUP_CONTROLLER', `${file}: ${said}`);
    told.add(controller);
    warn(`${said}; its limits are ignored`);
    return false;
  });
}

const present = (cgroup: string, file: string): string | undefined =>
  readIfExists(join(cgroup, file))?.trim();

/**
 * linux.resources.memory.checkBeforeUpdate: a limit below what is used already would kill; runc's words.
 * @throws TinyrunError (SPEC_INVALID)
 */
export function checkUsage(cgroup: string, { memory = {} }: LinuxResources): void {
  const text = memory.checkBeforeUpdate ? present(cgroup, 'memory.current') : undefined;
  if (text === undefined) return;
  const { limit = 0, swap = 0 } = memory;
  const refuse = (what: string, value: number): never => {
    throw new TinyrunError('SPEC_INVALID', `rejecting ${what} limit ${value} <= usage ${text}`, {
      hint: 'ask for more, or leave memory.checkBeforeUpdate away',
    });
  };
  if (swap > 0 && swap <= Number(text)) refuse('memory+swap', swap);
  if (limit > 0 && limit <= Number(text)) refuse('memory', limit);
}

/**
 * Changes a container's limits while it lives. What `resources` leaves out stays as it is.
 * @throws TinyrunError (CONTAINER_NOT_RUNNING, UNSUPPORTED, SPEC_INVALID, SYSCALL)
 */
export async function updateContainer(
  { state, status }: Container,
  resources: LinuxResources,
  warn: (message: string) => void,
): Promise<void> {
  if (status === 'stopped') {
    throw new TinyrunError('CONTAINER_NOT_RUNNING', 'container not running', {
      hint: 'limits are of living processes: change config.json for the next one',
    });
  }
  const { scope } = state;
  const [cgroup] = liveCgroups(state);
  if (cgroup === undefined) {
    throw new TinyrunError('UNSUPPORTED', `container ${state.id} has no cgroup2 to limit`, {
      hint: 'limits need a cgroup2 mounted on the host: tinyrun doctor',
    });
  }
  for (const field of withoutV2(resources)) warn(`${field} has no counterpart in cgroup v2 and is ignored`);
  checkUsage(cgroup, resources);
  const current = { cpuMax: present(cgroup, 'cpu.max'), memoryMax: present(cgroup, 'memory.max') };
  const writes = reachable(cgroup, cgroupWrites(resources, current), warn);
  if (scope !== undefined) {
    const properties = unitProperties(Object.fromEntries(writes.map(({ file, value }) => [file, value])));
    if (properties.length > 0) await setScopeProperties(scope, properties, state.owner !== 0);
  }
  launchSync({ plan: { steps: writes.map((write) => writeStep(cgroup, write)) } });
}
