import { O_RDONLY } from '../../native/fcntl.ts';
import {
  CLONE_NEWCGROUP,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  NAMESPACES,
} from '../../spec/linux.ts';
import type { LinuxNamespaceType } from '../../spec/types.ts';
import type { Undo } from '../types.ts';
import type { Context } from './context.ts';
import type { Contributed } from './contributions.ts';
import { mapText } from './idmaps.ts';
import { netDevices } from './net-devices.ts';
import { STAGE, YIELD } from './options.ts';
import { hardRlimits, oomScore } from './process.ts';

// How the first process comes into its namespaces. The usual container is one clone3(2) with all the flags. It takes a
// second one (the step `fork`) where the first process must act before the second is born:
//   pid, time      setns(2) and unshare(2) move only children
//   user, joined   what is new must belong to the joined user namespace
//   user, new      joining others, raising limits and mounting mapped layers need the host's privileges, which end in a
//                  new user namespace; the mounts are made in a mount namespace that the second process gets a copy of

const ISOLATES: { readonly [T in LinuxNamespaceType]: string } = {
  pid: 'sees only its own processes',
  network: 'has its own network devices',
  mount: 'has its own mounts',
  ipc: 'has its own message queues and shared memory',
  uts: 'has its own host name',
  user: 'has its own user ids',
  cgroup: 'sees only its own control groups',
  time: 'has its own clocks',
};

interface Joined {
  readonly type: LinuxNamespaceType;
  readonly slot: number;
}

export interface Birth {
  readonly joined: readonly Joined[];
  /** CLONE_NEW* of the new ones, without cgroup (unshared once the process sits in its cgroup) and time. */
  readonly fresh: number;
  readonly forks: boolean;
  /** CLONE_NEW* of the first clone. */
  readonly first: number;
  /** An overlay of mapped layers is mounted in between. */
  readonly mountsOutside: boolean;
}

/** Opens the namespaces to join, on the host: their paths are the host's. */
function openJoined(c: Context): Joined[] {
  return (c.linux.namespaces ?? []).flatMap(({ type, path }) => {
    if (!path) return [];
    const slot = c.passedSlot();
    c.onHost('open', { path, flags: O_RDONLY, slot }, `the ${type} namespace to join`);
    return [{ type, slot }];
  });
}

/** Limits that only the host's privileges can set are set before the user namespace. */
export function limitsBeforeUserns(c: Context): boolean {
  const asks = c.process.oomScoreAdj !== undefined || (c.process.rlimits ?? []).length > 0;
  return asks && c.kinship('user') === 'new' && c.holds('CAP_SYS_RESOURCE');
}

export function planBirth(c: Context): Birth {
  const joined = openJoined(c);
  const types = new Set(joined.map(({ type }) => type));
  let fresh = 0;
  for (const { type, path } of c.linux.namespaces ?? [])
    if (!path && type !== 'cgroup' && type !== 'time') fresh |= NAMESPACES[type].flag;
  const newUser = (fresh & CLONE_NEWUSER) !== 0;
  const { rootfs } = c.options;
  const mountsOutside = newUser && rootfs.kind === 'overlay' && rootfs.idmap !== undefined;
  const forks =
    ['pid', 'time', 'user'].some((type) => types.has(type as LinuxNamespaceType)) ||
    c.kinship('time') === 'new' ||
    (newUser && (joined.length > 0 || limitsBeforeUserns(c) || mountsOutside));
  // Without privileges nothing but a user namespace can come first.
  const early = newUser && !c.holds('CAP_SYS_ADMIN') ? CLONE_NEWUSER : 0;
  const first = forks ? early | (mountsOutside ? CLONE_NEWNS : 0) : fresh;
  return { joined, fresh, forks, first, mountsOutside };
}

function whyClone(flags: number): string {
  const kinds = (Object.keys(NAMESPACES) as LinuxNamespaceType[]).filter(
    (type) => (flags & NAMESPACES[type].flag) !== 0,
  );
  if (kinds.length === 0) return 'the process that becomes the container';
  if (kinds.length === 1) return `the container ${ISOLATES[kinds[0] ?? 'pid']}`;
  return `the container gets its own ${kinds.join(', ')} namespaces`;
}

/** Writes the id maps from outside, and lets the child become root of what they map. */
function mapIds(c: Context): void {
  const { uidMappings = [], gidMappings = [] } = c.linux;
  const denySetgroups = c.holds('CAP_SETGID') ? 0 : 1;
  c.onHost(
    'idMaps',
    { uidMap: mapText(uidMappings), gidMap: mapText(gidMappings), denySetgroups },
    'which ids of the host the container ids are; only the parent may write them',
  );
  c.onHost('signalConfigured', {}, 'the maps are written');
  c.inContainer('awaitConfigured', {}, 'until its ids are mapped, the process is nobody');
}

/** Host privileges see every namespace, those of the joined user namespace only its own: which is first differs. */
function joinOrder(c: Context, joined: readonly Joined[]): Joined[] {
  const users = joined.filter(({ type }) => type === 'user');
  const others = joined.filter(({ type }) => type !== 'user');
  return c.holds('CAP_SYS_ADMIN') ? [...others, ...users] : [...users, ...others];
}

function newTime(c: Context): void {
  c.inContainer('unshare', { flags: CLONE_NEWTIME }, 'children get their own clocks');
  const lines = (['monotonic', 'boottime'] as const).flatMap((clock) => {
    const offset = c.linux.timeOffsets?.[clock];
    return offset === undefined ? [] : [`${clock} ${offset.secs ?? 0} ${offset.nanosecs ?? 0}\n`];
  });
  if (lines.length > 0)
    c.inContainer('timeOffsets', { offsets: lines.join('') }, 'offsets freeze when a process enters');
}

function externalCgroup(c: Context, undo: readonly Undo[] | undefined): void {
  c.inContainer('sync', { stage: STAGE.cgroup }, 'the cgroup manager needs a process to put in');
  c.onHost('awaitSync', { stage: STAGE.cgroup }, 'the process is there');
  const why = 'the manager makes the cgroup and puts the process in';
  c.onHost('yield', { tag: YIELD.cgroup }, why, undo === undefined ? {} : { undo });
}

export interface Born {
  readonly cgroupSlot: number;
  /** Writes what waits for an external cgroup manager. */
  readonly settleCgroup: (() => void) | undefined;
  readonly undoCgroup: readonly Undo[] | undefined;
  /** Mounts what is made before the user namespace. */
  readonly mountOutside: () => void;
  /** Fetches mounts of other containers: with the privileges that joining them takes. */
  readonly borrow: () => void;
  /** What its networks add. */
  readonly network: Contributed;
}

/** clone, joins, a fork where it takes one, id maps. */
export function birth(c: Context, plan: Birth, how: Born): void {
  const { cgroupSlot, settleCgroup, undoCgroup, mountOutside, borrow, network } = how;
  const { first, fresh, forks, joined, mountsOutside } = plan;
  c.onHost('clone', { flags: BigInt(first), cgroup: cgroupSlot, pass: [...c.passed] }, whyClone(first));
  if (settleCgroup !== undefined) {
    externalCgroup(c, undoCgroup);
    settleCgroup();
    c.onHost('signalSync', { stage: STAGE.cgroup }, 'the process sits in its cgroup');
  }
  if (limitsBeforeUserns(c)) {
    oomScore(c);
    hardRlimits(c);
  }
  if ((first & CLONE_NEWUSER) !== 0) mapIds(c);
  // what is born with a network of its own need not wait for its links until it wants to see them
  if ((first & CLONE_NEWNET) !== 0) network.bornAhead();
  for (const { type, slot } of joinOrder(c, joined)) {
    c.inContainer('setns', { slot, flags: NAMESPACES[type].flag }, `joins the ${type} namespace`);
    // here: the network may be another user namespace's than the one that comes next
    if (type === 'network') {
      netDevices(c);
      network.meet();
    }
  }
  borrow();
  if (c.kinship('time') === 'new') newTime(c);
  if (mountsOutside) mountOutside();
  if (forks) fork(c, fresh & ~(first & CLONE_NEWUSER));
  c.inContainer('setsid', {}, 'a session of its own: signals of our terminal are not for it');
  if (c.kinship('network') === 'new') {
    netDevices(c);
    network.meet();
  }
  if (c.kinship('cgroup') === 'new')
    c.inContainer(
      'unshare',
      { flags: CLONE_NEWCGROUP },
      'its cgroup is the root it sees; taken once it is inside',
    );
}

function fork(c: Context, flags: number): void {
  const why = flags === 0 ? 'the joined namespaces hold for children only' : whyClone(flags);
  c.inContainer('fork', { flags: BigInt(flags) }, why);
  if ((flags & CLONE_NEWUSER) === 0) return;
  c.inContainer('sync', { stage: STAGE.forked }, 'the parent must know whose ids to map');
  c.onHost('awaitSync', { stage: STAGE.forked }, 'learns the pid of the forked process');
  c.onHost('signalSync', { stage: STAGE.forked }, 'the pid is known');
  mapIds(c);
}
