import { TinyrunError } from '../../errors.ts';
import { O_DIRECTORY, O_PATH } from '../../native/fcntl.ts';
import { DEVICE_ALLOWLIST } from '../../spec/defaults.ts';
import { allowsAll, deviceProgram } from '../bpf-devices.ts';
import type { CgroupFacts } from '../host.ts';
import { NO_SLOT, type Undo } from '../types.ts';
import type { Context } from './context.ts';
import { type CgroupChoice, NESTED, STAGE } from './options.ts';
import { type CgroupWrite, cgroupWrites, withoutV2, writeStep } from './resources.ts';

export interface Cgroup {
  /** For CLONE_INTO_CGROUP; NO_SLOT when the process is not born into a cgroup of its own. */
  readonly slot: number;
  /** Absolute path of the directory. */
  readonly path?: string;
  /** What an external manager has to have done first. */
  readonly settle?: () => void;
  /** What takes back a cgroup that an external manager makes: empty, it is dropped by systemd with its unit. */
  readonly undo?: readonly Undo[];
  /** What can wait until the process is born: it goes on being set up meanwhile. */
  readonly afterBirth?: () => void;
  /** Limits that would keep it from being born: it waits for them once it is. */
  readonly onceBorn?: () => void;
}

/** linux.cgroupsPath as runc's fs driver reads it: relative paths start beside the runtime's own cgroup. */
function chosenPath(c: Context): CgroupChoice {
  const { cgroup } = c.options;
  if (cgroup !== undefined) return cgroup;
  const path = c.linux.cgroupsPath || c.options.id;
  if (path.startsWith('/')) return { path, manager: 'fs' };
  // The runtime's own has processes in it, so that none of its children could have controllers: the parent's can.
  const parent = c.host.cgroup.own.slice(0, c.host.cgroup.own.lastIndexOf('/'));
  return { path: `${parent}/${path}`, manager: 'fs' };
}

/** Why a controller cannot be had, and so what to do. */
export function whyMissing(controller: string, facts: CgroupFacts): string {
  const mounted = facts.v1[controller] ?? (controller === 'io' ? facts.v1.blkio : undefined);
  if (mounted !== undefined) return `the host has mounted it as cgroup v1 at ${mounted}`;
  if (facts.unifiedRoot === undefined) return 'the host has no cgroup2 mounted';
  return 'the kernel does not offer it (cgroup_disable=, or not built in)';
}

/** The writes whose controllers are there; the others are refused or warned about, once per controller. */
function reachable(c: Context, writes: readonly CgroupWrite[]): CgroupWrite[] {
  return writes.filter(({ controller, file, required }) => {
    const { cgroup } = c.host;
    if (cgroup.unifiedRoot !== undefined && (controller === '' || cgroup.controllers.includes(controller)))
      return true;
    const said = `cgroup controller ${controller || file} is not on cgroup v2: ${whyMissing(controller, cgroup)}`;
    if (required || c.options.onMissingController !== 'warn')
      // what the config names by itself is named; a limit of ours is told by its controller
      throw new TinyrunError('CGROUP_CONTROLLER', required ? `${file}: ${said}` : said);
    c.warn(`${said}; its limits are ignored`);
    return false;
  });
}

/** The device rules as a program on the cgroup: cgroup v2 has no files for them. */
function devices(c: Context, slot: number): void {
  const rules = c.linux.resources?.devices ?? [];
  // Loading it takes host privileges; without them no device node can be made either.
  if (!c.holds('CAP_SYS_ADMIN') || c.host.inUserns || allowsAll(rules)) return;
  const program = deviceProgram([...rules, ...DEVICE_ALLOWLIST]);
  c.onHost('cgroupDevices', { slot, program }, 'which device nodes may be made and opened');
}

function limits(c: Context, path: string, writes: readonly CgroupWrite[]): void {
  c.steps.push(...writes.map((write) => writeStep(path, write)));
}

/** Fewer processes than it takes to be born: clone3 into the cgroup would answer EAGAIN, and so would a second one. */
const hindersBirth = ({ file, value }: CgroupWrite): boolean =>
  file === 'pids.max' && value !== 'max' && Number(value) < 2;

function lateLimits(c: Context, path: string, writes: readonly CgroupWrite[]): Pick<Cgroup, 'onceBorn'> {
  if (writes.length === 0) return {};
  const stage = STAGE.limits;
  const onceBorn = (): void => {
    c.inContainer('sync', { stage }, 'limits come that leave no room to be born in');
    c.onHost('awaitSync', { stage }, 'the process is there');
    limits(c, path, writes);
    c.onHost('signalSync', { stage }, 'the limits hold');
  };
  return { onceBorn };
}

/** Last first: it can be removed only once nobody is in it. */
const removeCgroup = (path: string): Undo[] => [
  { op: 'cgroupRemove', args: { path } },
  { op: 'cgroupKill', args: { path } },
];

/** As deep as they are removed again, and more than a distribution makes. */
const BOUNDS = { 'cgroup.max.depth': '15', 'cgroup.max.descendants': '4096' };

/**
 * The cgroup that the container sees as the root, and writes to. Were that the limited one, it would lift its limits: the
 * kernel keeps it from that only where the host has mounted cgroup2 with nsdelegate. Answers its slot.
 */
function nest(c: Context, { root, path: above }: { root: string; path: string }): number {
  const { controllers } = c.host.cgroup;
  const below = (name: string) => ({ root, path: `${above}/${name}`, controllers });
  for (const [file, value] of Object.entries(BOUNDS))
    c.onHost(
      'writeFile',
      { path: `${root}/${above}/${file}`, value },
      'cgroups of its own cost the host memory',
    );
  const beside = c.slot();
  c.onHost(
    'cgroupCreate',
    { ...below(NESTED.beside), slot: beside },
    'for what is run in it from outside: no process may be in a group that is divided',
  );
  c.onHost('closeSlot', { slot: beside }, 'it is there');
  const slot = c.slot();
  c.onHost(
    'cgroupCreate',
    { ...below(NESTED.own), slot },
    'the root of the groups that it sees and may divide: its limits are one above, out of its reach',
  );
  return slot;
}

/** Somebody without privileges has no cgroup to make one in, unless it was delegated. */
const mayMake = (c: Context): boolean => c.holds('CAP_SYS_ADMIN') && !c.host.inUserns;

/** Then it is tried all the same, and the kernel's refusal is told. */
const asked = (c: Context, writes: readonly CgroupWrite[]): boolean =>
  c.options.cgroup !== undefined || Boolean(c.linux.cgroupsPath) || writes.length > 0;

/** Makes the container's cgroup with its limits, so that the process is born into it. */
export function makeCgroup(c: Context): Cgroup {
  const resources = c.linux.resources ?? {};
  for (const field of withoutV2(resources)) c.warn(`${field} has no counterpart in cgroup v2 and is ignored`);
  const all = reachable(c, cgroupWrites(resources));
  const writes = all.filter((write) => !hindersBirth(write));
  const root = c.host.cgroup.unifiedRoot;
  if (root === undefined || !(mayMake(c) || asked(c, all))) return { slot: NO_SLOT };
  const choice = chosenPath(c);
  const below = choice.path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .join('/');
  // Its limits would be the machine's, and delete would end everything in it.
  if (below === '')
    throw new TinyrunError('SPEC_INVALID', 'linux.cgroupsPath: names the root of the cgroup tree');
  const path = `${root}/${below}`;
  const slot = c.slot();
  const late = lateLimits(c, path, all.filter(hindersBirth));
  if (choice.manager === 'external') {
    const settle = (): void => {
      c.onHost('open', { path, flags: O_PATH | O_DIRECTORY, slot }, 'the cgroup that was made for it');
      limits(c, path, writes);
      devices(c, slot);
    };
    return { slot: NO_SLOT, path, settle, undo: removeCgroup(path), ...late };
  }
  // All there are, without a limit too: stats read them, and `update` may come with one.
  const { controllers } = c.host.cgroup;
  c.onHost(
    'cgroupCreate',
    { root, path: below, controllers, slot },
    'the group its processes are counted, limited and killed by',
    { undo: removeCgroup(path) },
  );
  limits(c, path, writes);
  const born = c.options.nested ? nest(c, { root, path: below }) : slot;
  // The verifier takes its time. Where the program cannot run before the host lane says so (awaitState) or has ended
  // (start), that time can be the container's too: until then there is only tinyrun-init in it.
  if (c.options.publish || c.options.wait.kind === 'fifo')
    return { slot: born, path, afterBirth: () => devices(c, slot), ...late };
  devices(c, slot);
  return { slot: born, path, ...late };
}
