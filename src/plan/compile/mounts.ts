import { isAbsolute, join, normalize } from 'node:path/posix';
import { TinyrunError } from '../../errors.ts';
import { MOUNT_ATTR_RDONLY, O_RDONLY } from '../../spec/linux.ts';
import type { Mount } from '../../spec/types.ts';
import { NO_SLOT } from '../types.ts';
import type { Context } from './context.ts';
import { isMapped, mapText } from './idmaps.ts';
import { isSuperblockWord, type MountOptions, parseMountOptions } from './mount-options.ts';
import type { IdMaps } from './options.ts';

/** mountFs.flags and bind.flags of steps.def. */
const FS = { copyUp: 1, readOnly: 2, plainTarget: 4, optional: 8, keepMode: 16 } as const;
const BIND = { recursive: 1, skipMissing: 8 } as const;

/** Slots kept for what must have one: the fifo, namespaces, cgroup, console, listener. */
const RESERVED_SLOTS = 16;

/** Filesystems without a disk: read-only is a matter of the mount, not of the superblock. */
const VIRTUAL = new Set([
  'proc',
  'sysfs',
  'tmpfs',
  'devpts',
  'mqueue',
  'cgroup2',
  'overlay',
  'ramfs',
  'bpf',
  'debugfs',
]);

/** What a file of /proc may be covered with: runc's list, for lxcfs and FIPS. */
const PROC_COVERS =
  'cpuinfo diskstats meminfo stat swaps uptime loadavg slabinfo net/dev sys/kernel/ns_last_pid sys/crypto/fips_enabled';

/** One mount of the spec, read. */
interface Wanted {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly options: MountOptions;
  /** The detached mount that the host lane opened, or NO_SLOT. */
  readonly slot: number;
  /** A directory of the host in place of a new filesystem; it may be missing there. */
  readonly instead?: true;
}

const isBind = (type: string | undefined, options: MountOptions): boolean => type === 'bind' || options.bind;

/** In a user namespace, a filesystem of a namespace that belongs to the host cannot be mounted anew: it is bound. */
function boundInstead(c: Context, type: string | undefined): string | undefined {
  if (c.kinship('user') === 'shared') return undefined;
  if (type === 'sysfs' && !c.has('network')) return '/sys';
  if (type === 'proc' && !c.has('pid')) return '/proc';
  if (type === 'mqueue' && !c.has('ipc')) return '/dev/mqueue';
  return undefined;
}

function read(mount: Mount, index: number, c: Context): Omit<Wanted, 'slot'> {
  let options = parseMountOptions(mount.options);
  const clean = normalize(`/${mount.destination}`);
  const target = clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
  const instead = boundInstead(c, mount.type);
  if (instead !== undefined) {
    options = {
      ...options,
      bind: true,
      recursive: true,
      recSet: options.recSet | (options.set & MOUNT_ATTR_RDONLY),
    };
    return { type: 'bind', source: instead, target, options, instead: true };
  }
  const bind = isBind(mount.type, options);
  checkProc(mount, target, bind, index);
  const source = mount.source ?? mount.type ?? '';
  const path = bind && !isAbsolute(source) ? join(c.options.bundle, source) : source;
  return { type: bind ? 'bind' : (mount.type ?? 'none'), source: path, target, options };
}

/** Writes to /proc steer labels and sysctls: nothing but procfs may stand there (CVE-2019-16884, 2019-19921). */
function checkProc(mount: Mount, target: string, bind: boolean, index: number): void {
  const onProc = target === '/proc';
  if (!onProc && !target.startsWith('/proc/')) return;
  if (onProc && !bind && mount.type === 'proc') return;
  if (onProc && bind && normalize(mount.source ?? '') === '/proc') return;
  if (PROC_COVERS.split(' ').includes(target.slice('/proc/'.length))) return;
  throw new TinyrunError(
    'SPEC_INVALID',
    `mounts[${index}].destination: ${target} cannot be mounted over: it must stay the proc filesystem`,
  );
}

// ---- what the host lane opens ---------------------------------------------------------------------------

/** The user namespace whose maps an idmapped mount takes; made once for equal maps. */
class Idmaps {
  readonly #made = new Map<string, number>();
  constructor(readonly c: Context) {}

  slotFor(maps: Partial<IdMaps>): number {
    const uidMap = mapText(maps.uidMappings ?? []);
    const gidMap = mapText(maps.gidMappings ?? []);
    if (uidMap === '') return this.#ofJoined();
    const key = `${uidMap}\n${gidMap}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const slot = this.c.slot();
    this.c.onHost('makeUserns', { uidMap, gidMap, slot }, 'a user namespace that only carries the maps');
    this.#made.set(key, slot);
    return slot;
  }

  /** The container's user namespace is another container's: its maps are in its nsfs file. */
  #ofJoined(): number {
    const path = this.c.linux.namespaces?.find(({ type }) => type === 'user')?.path;
    if (!path)
      throw new TinyrunError('SPEC_INVALID', 'mounts: idmap without mappings needs a user namespace');
    const known = this.#made.get(path);
    if (known !== undefined) return known;
    const slot = this.c.slot();
    this.c.onHost('open', { path, flags: O_RDONLY, slot }, 'the user namespace whose maps the mount takes');
    this.#made.set(path, slot);
    return slot;
  }
}

export type IdmapSlots = (maps: Partial<IdMaps>) => number;

export function idmapSlots(c: Context): IdmapSlots {
  const idmaps = new Idmaps(c);
  return (maps) => idmaps.slotFor(maps);
}

const wantsIdmap = (mount: Mount, options: MountOptions): boolean =>
  options.idmap || (mount.uidMappings ?? []).length > 0;

function mapsOf(mount: Mount, c: Context): Partial<IdMaps> {
  const from = (mount.uidMappings ?? []).length > 0 ? mount : c.linux;
  return { uidMappings: from.uidMappings ?? [], gidMappings: from.gidMappings ?? [] };
}

/** Opens, on the host, the sources that the container lane could not: of idmapped mounts, and across a user namespace. */
function openSource(c: Context, mount: Mount, wanted: Omit<Wanted, 'slot'>, idmaps: IdmapSlots): number {
  const { source, options } = wanted;
  const idmapped = wantsIdmap(mount, options);
  // Without host privileges the container walks as the same user as we do, and only it may clone mounts.
  const across = c.kinship('user') !== 'shared' && c.holds('CAP_SYS_ADMIN') && c.slotsLeft > RESERVED_SLOTS;
  if (wanted.type !== 'bind' || wanted.instead || !(idmapped || across)) return NO_SLOT;
  const userns = idmapped ? idmaps(mapsOf(mount, c)) : NO_SLOT;
  const slot = c.passedSlot();
  const why = idmapped
    ? 'its files show other owners in the container'
    : 'the root of a user namespace may not walk the host to it';
  c.onHost('openTree', { path: source, recursive: options.recursive ? 1 : 0, userns, slot }, why);
  return slot;
}

/** Reads the mounts and writes what the host lane does for them before the clone. */
export function openMounts(c: Context, idmaps: IdmapSlots): Wanted[] {
  return (c.spec.mounts ?? []).map((mount, index) => {
    const wanted = read(mount, index, c);
    return { ...wanted, slot: openSource(c, mount, wanted, idmaps) };
  });
}

// ---- what the container lane mounts ---------------------------------------------------------------------

const WHY: Readonly<Record<string, string>> = {
  proc: 'its processes, in its own pid namespace',
  sysfs: 'devices and kernel objects, as its network namespace shows them',
  devpts: 'terminals of its own',
  mqueue: 'POSIX message queues of its ipc namespace',
  tmpfs: 'files in memory, gone with the container',
  cgroup2: 'its control groups',
};

function bind(c: Context, { source, target, options, slot, instead }: Wanted): void {
  c.inContainer(
    'bind',
    {
      source: slot === NO_SLOT ? source : '',
      slot,
      target,
      attrSet: BigInt(options.set),
      attrClear: BigInt(options.clear),
      recAttrSet: BigInt(options.recSet),
      recAttrClear: BigInt(options.recClear),
      propagation: options.propagation,
      flags: (options.recursive ? BIND.recursive : 0) | (instead ? BIND.skipMissing : 0),
    },
    `${source} of the host`,
  );
}

/** tmpfs and /dev are filled before they become read-only. */
const isFilledFirst = ({ type, target }: Wanted): boolean => type === 'tmpfs' || target === '/dev';

/** Options as fsconfig(2) takes them; those of a filesystem in a user namespace must name ids it has. */
function fsOptions(c: Context, { type, options }: Wanted): string[] {
  const label = c.host.selinux && c.linux.mountLabel ? [`context=${JSON.stringify(c.linux.mountLabel)}`] : [];
  const { gidMappings = [] } = c.linux;
  const own = options.data.filter((option) => {
    const gid =
      type === 'devpts' && c.kinship('user') === 'new' ? /^gid=(\d+)$/.exec(option)?.[1] : undefined;
    return gid === undefined || isMapped(gidMappings, Number(gid));
  });
  return ['tmpfs', 'mqueue', 'devpts'].includes(type) ? [...own, ...label] : own;
}

function fsFlags(wanted: Wanted, readOnly: boolean): number {
  const { type, options } = wanted;
  const keepMode = type === 'tmpfs' && !options.data.some((option) => option.startsWith('mode='));
  return (
    (options.copyUp && type === 'tmpfs' ? FS.copyUp : 0) |
    (readOnly && !VIRTUAL.has(type) ? FS.readOnly : 0) |
    (type === 'proc' || type === 'sysfs' ? FS.plainTarget : 0) |
    (type === 'mqueue' || type === 'cgroup2' ? FS.optional : 0) |
    (keepMode ? FS.keepMode : 0)
  );
}

function filesystem(c: Context, wanted: Wanted): void {
  const { type, source, target, options } = wanted;
  const attr = isFilledFirst(wanted) ? options.set & ~MOUNT_ATTR_RDONLY : options.set;
  const readOnly = (attr & MOUNT_ATTR_RDONLY) !== 0;
  c.inContainer(
    'mountFs',
    {
      type,
      source,
      target,
      attr: BigInt(attr),
      options: fsOptions(c, wanted),
      flags: fsFlags(wanted, readOnly),
      propagation: options.propagation,
    },
    WHY[type] ?? `a ${type} filesystem`,
  );
}

/** `cgroup` is what specs say for either version; the process has only the unified hierarchy. */
function cgroups(c: Context, wanted: Wanted, own: string | undefined): void {
  const known = wanted.options.data.filter((option) => isSuperblockWord(option) || option === 'nsdelegate');
  const options = { ...wanted.options, data: known };
  if (c.kinship('user') === 'shared' || c.has('cgroup')) {
    filesystem(c, { ...wanted, type: 'cgroup2', source: 'cgroup', options });
  } else if (own !== undefined) {
    // Without a cgroup namespace a new cgroup2 would show, and in a user namespace hand over, the host's tree
    // (CVE-2023-25809): it gets its own branch only.
    bind(c, { ...wanted, source: own, options });
  } else {
    const set = options.set | MOUNT_ATTR_RDONLY;
    const empty = { ...options, set, data: ['mode=555', 'size=0'] };
    filesystem(c, { ...wanted, type: 'tmpfs', source: 'tmpfs', options: empty });
  }
}

/** `remount`, or propagation alone: changes a mount that an earlier entry made. */
function change(c: Context, { target, options }: Wanted): void {
  const { set, clear, recSet, recClear, propagation } = options;
  const recursive = (recSet | recClear) !== 0 ? 1 : 0;
  c.inContainer(
    'mountAttr',
    { path: target, set: BigInt(set | recSet), clear: BigInt(clear | recClear), propagation, recursive },
    'changes an earlier mount',
  );
}

/** Mounts in the order of the spec, which nests them. `cgroup` is the path of the container's own cgroup. */
export function mounts(c: Context, wanted: readonly Wanted[], cgroup: string | undefined): void {
  for (const mount of wanted) {
    const { type, options } = mount;
    if (options.remount || (type === 'none' && !options.bind)) change(c, mount);
    else if (type === 'bind') bind(c, mount);
    else if (type === 'cgroup' || type === 'cgroup2') cgroups(c, mount, cgroup);
    else filesystem(c, mount);
  }
}

/** What had to stay writable while /dev and its like were filled. */
export function lateReadonly(c: Context, wanted: readonly Wanted[]): void {
  for (const mount of wanted) {
    const { type, target, options } = mount;
    if (type === 'bind' || !isFilledFirst(mount) || (options.set & MOUNT_ATTR_RDONLY) === 0) continue;
    c.inContainer(
      'mountAttr',
      { path: target, set: BigInt(MOUNT_ATTR_RDONLY), clear: 0n, propagation: 0, recursive: 0 },
      'filled by now, so it can be read-only',
    );
  }
}

/** /dev is the container's to fill unless a directory of the host was put there. */
export const ownsDev = (wanted: readonly Wanted[]): boolean =>
  !wanted.some(({ type, target }) => type === 'bind' && target === '/dev');

export type { Wanted };
