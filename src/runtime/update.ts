import { existsSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import type { StepResult } from '../native/types.ts';
import { whyMissing } from '../plan/compile/cgroup.ts';
import { type CgroupWrite, cgroupWrites, withoutV2, writeStep } from '../plan/compile/resources.ts';
import { type FileWrite, putBackAll } from '../plan/putback.ts';
import type { LinuxResources } from '../spec/types.ts';
import { join } from '../store/join.ts';
import { readIfAny, readIfExists } from '../store/read.ts';
import { errnoMessage } from './failure.ts';
import { hostFacts } from './host.ts';
import { launchSync } from './launch.ts';
import type { Container } from './state.ts';
import { setScopeProperties, unitProperties } from './systemd.ts';
import { liveCgroups } from './whereabouts.ts';

const present = (cgroup: string, file: string): string | undefined =>
  readIfExists(join(cgroup, file))?.trim();

/** Files that are not there belong to controllers the host keeps elsewhere: said once each, like at creation. */
function reachable(
  cgroup: string,
  writes: readonly CgroupWrite[],
  warn: (message: string) => void,
): CgroupWrite[] {
  const told = new Set<string>();
  const there = present(cgroup, 'cgroup.controllers')?.split(' ') ?? [];
  return writes.filter(({ controller, file, or, mayFail, required }) => {
    if (existsSync(join(cgroup, file)) || (or && existsSync(join(cgroup, or.file)))) return true;
    if (mayFail || told.has(controller)) return false;
    // Then it is this file that the kernel lacks, and says so.
    if (there.includes(controller)) return true;
    const said = `cgroup controller ${controller} is not on cgroup v2: ${whyMissing(controller, hostFacts().cgroup)}`;
    if (required) throw new TinyrunError('CGROUP_CONTROLLER', `${file}: ${said}`);
    told.add(controller);
    warn(`${said}; its limits are ignored`);
    return false;
  });
}

/**
 * linux.resources.memory.checkBeforeUpdate: a limit below what is used already would kill.
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

/** The text of a cgroup file; undefined for one that only takes (cgroup.kill, memory.reclaim), or is not there. */
const textOf = (cgroup: string, file: string): string | undefined => readIfAny(join(cgroup, file));

/** What the files of `writes` hold now, and the weight that goes with cpu.idle. */
function remember(cgroup: string, writes: readonly CgroupWrite[]): ReadonlyMap<string, string | undefined> {
  const files = writes.flatMap(({ file, or }) => [file, ...(or ? [or.file] : [])]);
  const companions = files.includes('cpu.idle') ? ['cpu.weight'] : [];
  return new Map([...files, ...companions].map((file) => [file, textOf(cgroup, file)]));
}

/** Where the limits go: the files, and the properties of a unit of systemd's, which has to know of them. */
interface Target {
  readonly cgroup: string;
  readonly scope: string | undefined;
  readonly rootless: boolean;
}

const propertiesOf = (writes: readonly FileWrite[]) =>
  unitProperties(Object.fromEntries(writes.map(({ file, value }) => [file, value.trim()])));

async function tellSystemd({ scope, rootless }: Target, writes: readonly FileWrite[]): Promise<void> {
  const properties = scope === undefined ? [] : propertiesOf(writes);
  if (scope !== undefined && properties.length > 0) await setScopeProperties(scope, properties, rootless);
}

/** Puts back what was there before; what cannot be is told, and the error that made it necessary stays. */
async function restore(
  target: Target,
  writes: readonly FileWrite[],
  warn: (message: string) => void,
): Promise<void> {
  const failed = (what: string, reason: string) =>
    warn(`putting back ${what} failed: ${reason}; it is not what it was before`);
  const why = 'puts back what was there before';
  await tellSystemd(target, writes).catch((error: Error) => failed('unit properties', error.message));
  const steps = writes.map((each) =>
    writeStep(target.cgroup, { ...each, controller: '', why, mayFail: true }),
  );
  for (const { step, errno } of launchSync({ plan: { steps }, trace: true }).results)
    if (errno !== 0) failed(writes[step]?.file ?? '', errnoMessage(errno));
}

/** All of the writes, or none: when one fails, those before it are taken back. */
async function apply(
  target: Target,
  writes: readonly CgroupWrite[],
  warn: (message: string) => void,
): Promise<void> {
  const { cgroup, scope } = target;
  const before = remember(cgroup, writes);
  let results: readonly StepResult[] = [];
  const onFailure = (those: readonly StepResult[]): void => {
    results = those;
  };
  await tellSystemd(target, writes);
  try {
    const steps = writes.map((write) => writeStep(cgroup, write));
    launchSync({ plan: { steps }, trace: true, onFailure });
  } catch (error) {
    const ran = new Set(results.filter(({ errno }) => errno === 0).map(({ step }) => step));
    const bySystemd = (write: CgroupWrite) => scope !== undefined && propertiesOf([write]).length > 0;
    const done = writes.filter((write, index) => ran.has(index) || bySystemd(write));
    await restore(
      target,
      putBackAll(done, (file) => before.get(file)),
      warn,
    );
    throw error;
  }
}

/**
 * Changes a container's limits while it lives. What `resources` leaves out stays as it is, and so does all of it when a
 * value is refused.
 * @throws TinyrunError (UNSUPPORTED, SPEC_INVALID, SYSCALL)
 */
export async function updateContainer(
  container: Container,
  resources: LinuxResources,
  warn: (message: string) => void,
): Promise<void> {
  const { state } = container;
  const [cgroup] = liveCgroups(container);
  if (cgroup === undefined) {
    throw new TinyrunError('UNSUPPORTED', `container ${state.id} has no cgroup2 to limit`, {
      hint: 'limits need a cgroup2 mounted on the host: tinyrun doctor',
    });
  }
  for (const field of withoutV2(resources)) warn(`${field} has no counterpart in cgroup v2 and is ignored`);
  checkUsage(cgroup, resources);
  const current = {
    cpuMax: present(cgroup, 'cpu.max'),
    cpuBurst: present(cgroup, 'cpu.max.burst'),
    memoryMax: present(cgroup, 'memory.max'),
    bfqWeight: present(cgroup, 'io.bfq.weight'),
  };
  const writes = reachable(cgroup, cgroupWrites(resources, current), warn);
  await apply({ cgroup, scope: state.scope, rootless: state.owner !== 0 }, writes, warn);
}
