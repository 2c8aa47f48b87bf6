import { existsSync, readlinkSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { join } from '../store/join.ts';
import { readIfAny, readIfExists } from '../store/read.ts';
import { cgroupPids, readGone } from './cgroup.ts';
import { hostFacts, parseOwnCgroup } from './host.ts';
import { namesIn } from './journal.ts';
import { type Container, containerSpec, isAlive, type StateFile } from './state.ts';

// Where a container's processes are: in the cgroup that was made for it, unless somebody moved its first process out
// of it since, and perhaps removed it. Then the processes themselves are asked.

/** The cgroup2 directory a process is in; undefined when it is gone, or in none that we can see. */
export function cgroupOf(pid: number): string | undefined {
  const root = hostFacts().cgroup.unifiedRoot;
  const below = parseOwnCgroup(readGone(`/proc/${pid}/cgroup`));
  // `/..`: outside of our own cgroup namespace. The root cannot be frozen, and is everybody's.
  if (root === undefined || below === '/' || below.split('/').includes('..')) return undefined;
  return join(root, below);
}

const isWithin = (path: string, cgroup: string): boolean => path === cgroup || path.startsWith(`${cgroup}/`);

/** Where the first process has gone, when that is not its container's cgroup. */
function movedTo(state: Pick<StateFile, 'pid' | 'cgroup'>): string | undefined {
  if (state.cgroup === undefined) return undefined;
  const now = cgroupOf(state.pid);
  return now === undefined || isWithin(now, state.cgroup) ? undefined : now;
}

function namespaceOf(pid: number | 'self', kind: 'pid' | 'mnt'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return undefined;
  }
}

function parentOf(pid: number): number {
  return Number(/^PPid:\t(\d+)$/m.exec(readGone(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** Whether a process is the first of its pid namespace: one that it has joined is full of others' processes. */
const leadsItsPids = (pid: number): boolean => /^NSpid:.*\t1$/m.test(readGone(`/proc/${pid}/status`));

/** Whether a mount namespace was made for it; the processes in one that it joined, or that of its caller, are others'. */
const hasMounts = (dir: string): boolean =>
  containerSpec(dir).linux?.namespaces?.some(({ type, path }) => type === 'mount' && !path) === true;

/** Tells a container's processes from others: by a namespace that is its own, or by descent from its first process. */
function kinOf({ dir, state: { pid: first } }: Container): (pid: number) => boolean {
  const isOwn = { pid: leadsItsPids(first), mnt: hasMounts(dir) };
  const own = (['pid', 'mnt'] as const).flatMap((kind) => {
    const name = isOwn[kind] ? namespaceOf(first, kind) : undefined;
    return name === undefined || name === namespaceOf('self', kind) ? [] : [[kind, name] as const];
  });
  const isKin = (pid: number): boolean =>
    pid === first ||
    (pid > 1 && (own.some(([kind, name]) => namespaceOf(pid, kind) === name) || isKin(parentOf(pid))));
  return isKin;
}

/** Every process of a container, wherever it was moved to. */
export function membersOf(container: Container): number[] {
  const { state } = container;
  const there = state.cgroup === undefined ? [] : cgroupPids(state.cgroup);
  if (!isAlive(state) || there.includes(state.pid)) return there;
  const others = namesIn('/proc').map(Number).filter(Boolean).filter(kinOf(container));
  return [...new Set([...there, ...others])];
}

function lost(state: StateFile, why: string): TinyrunError {
  return new TinyrunError('UNSUPPORTED', `the cgroup of container ${state.id} cannot be found: ${why}`, {
    hint: `its first process is ${state.pid}: move it back to ${state.cgroup}, or to a cgroup of its own`,
  });
}

/** What is done to a cgroup is done to all that are in it. */
function checkOwn(container: Container, cgroup: string): void {
  const { state } = container;
  const isKin = kinOf(container);
  const stranger = cgroupPids(cgroup).find((pid) => !isKin(pid) && existsSync(`/proc/${pid}`));
  if (stranger === undefined) return;
  throw lost(
    state,
    `its first process was moved to ${cgroup}, where process ${stranger} is not the container's`,
  );
}

/**
 * The cgroups a living container's processes are in, its first one's first; none when it never had one.
 * @throws TinyrunError (UNSUPPORTED) when they cannot be found, or belong to others as well
 */
export function liveCgroups(container: Container): string[] {
  const { state } = container;
  if (state.cgroup === undefined) return [];
  const there = existsSync(state.cgroup) ? [state.cgroup] : [];
  const moved = movedTo(state);
  if (moved === undefined) {
    if (there.length === 0) throw lost(state, `${state.cgroup} is gone`);
    return there;
  }
  checkOwn(container, moved);
  return [moved, ...there];
}

/** Whether the cgroup of a container's first process is frozen; cgroup-v2.rst, cgroup.events. */
export function isFrozen(state: StateFile): boolean {
  const { cgroup, pid } = state;
  if (cgroup === undefined) return false;
  const frozen = (path: string): boolean => /^frozen 1$/m.test(readIfAny(`${path}/cgroup.events`) ?? '');
  if (frozen(cgroup)) return true;
  // The usual case costs one small read: the path ends as the cgroup does, and nothing has to be known of the host.
  if (cgroup.endsWith(parseOwnCgroup(readGone(`/proc/${pid}/cgroup`)))) return false;
  const moved = movedTo(state);
  return moved !== undefined && frozen(moved);
}

/**
 * A container that manages cgroups of its own (systemd) has moved its processes further down and given controllers to
 * them: no process may be in its top one then (cgroup-v2.rst, "No Internal Process Constraint"). Like runc, exec goes
 * where the first process is; and so it does where the container's own cgroup is gone.
 */
export function habitableCgroup({ id, pid }: StateFile, cgroup: string): string {
  const given = readIfExists(join(cgroup, 'cgroup.subtree_control'))?.trim();
  if (given === '') return cgroup;
  const now = cgroupOf(pid);
  if (given !== undefined) return now?.startsWith(`${cgroup}/`) ? now : cgroup;
  if (now !== undefined) return now;
  throw new TinyrunError(
    'UNSUPPORTED',
    `the cgroup of container ${id} cannot be found: ${cgroup} is gone, and process ${pid} is in none`,
    { hint: `move process ${pid} to a cgroup of its own` },
  );
}
