import { isAbsolute, join, normalize, resolve } from 'node:path/posix';
import { TinyrunError } from '../../errors.ts';
import { O_PATH, O_RDONLY } from '../../native/fcntl.ts';
import { MNT_DETACH, MOUNT_ATTR_RDONLY } from '../../spec/linux.ts';
import type { Mount } from '../../spec/types.ts';
import { FLAGS } from '../steps.gen.ts';
import { NO_SLOT } from '../types.ts';
import type { Context } from './context.ts';
import { mapText } from './idmaps.ts';
import { type MountOptions, parseMountOptions } from './mount-options.ts';
import type { IdMaps } from './options.ts';

// mounts[] of the spec read, and what the host lane has to open for them before the clone.

/** Slots kept for what must have one: the fifo, namespaces, cgroup, console, listener. */
const RESERVED_SLOTS = 16;

/** What a file of /proc may be covered with: runc's list, for lxcfs and FIPS. */
const PROC_COVERS =
  'cpuinfo diskstats meminfo stat swaps uptime loadavg slabinfo net/dev sys/kernel/ns_last_pid sys/crypto/fips_enabled';

/** One mount of the spec, read. */
export interface Wanted {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly options: MountOptions;
  /** The detached mount that was opened beforehand, or NO_SLOT. */
  readonly slot: number;
  /** The source lies below the root, where earlier mounts made it: its path there. */
  readonly inRoot?: string;
  /** Slot of the user namespace that the container lane maps its ids by, when it is this mount's turn. */
  readonly userns?: number;
  /** Where the container lane has to get that from, when it is another mount namespace. */
  readonly lender?: Lender;
  /** The source is below a directory that nothing may lead out of. */
  readonly below?: { readonly root: string; readonly path: string };
  /** A directory of the host in place of a new filesystem; it may be missing there. */
  readonly instead?: true;
}

/** Fds of a process's mount namespace and root, and the path below it. */
interface Lender {
  readonly mntns: number;
  readonly root: number;
  readonly path: string;
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
  const bind = isBind(mount.type, options);
  checkProc(mount, target, bind, index);
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
    const slot = this.c.passedSlot();
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
    const slot = this.c.passedSlot();
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

/** The way from the root to a path of the host that lies below it: what earlier mounts put there can be seen there alone. */
function pathInRoot({ options: { rootfs, bundle } }: Context, source: string): string | undefined {
  const root = rootfs.kind === 'directory' ? resolve(bundle, rootfs.path) : rootfs.mountpoint;
  const path = normalize(source);
  return path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}

export const treeFlags = ({ recursive, idmapBelow }: MountOptions): number =>
  (recursive ? FLAGS.openTree.recursive : 0) | (idmapBelow ? FLAGS.openTree.mapsBelow : 0);

type Opened = Pick<Wanted, 'slot' | 'inRoot' | 'userns'>;

/** The way from the directory that a mount's source may not leave to it. */
function belowOf({ options: { beneath = {} } }: Context, { target, source }: Omit<Wanted, 'slot'>) {
  const root = Object.hasOwn(beneath, target) ? beneath[target] : undefined;
  return root === undefined ? {} : { below: { root, path: source.slice(root.length + 1) } };
}

/**
 * The root of a user namespace may not map the ids of a file system of the host, and the host does not see what the
 * container mounts: what lies below such a mount would be taken from under it.
 */
function refuseCovered(c: Context, source: string, earlier: readonly string[]): void {
  const path = pathInRoot(c, source);
  const cover = earlier.find((target) => path === target || path?.startsWith(`${target}/`));
  if (cover === undefined) return;
  throw new TinyrunError(
    'UNSUPPORTED',
    `mounts: ${source} with other ids: it is what the mount on ${cover} shows`,
    {
      hint: 'in a user namespace name the directory of the host itself as the source of an idmapped mount',
    },
  );
}

/**
 * Opens, on the host, the sources that the container lane could not: across a user namespace. Everything else is opened
 * when it is its turn, since an earlier mount may be what makes it appear.
 */
function openSource(
  c: Context,
  mount: Mount,
  wanted: Omit<Wanted, 'slot'>,
  idmaps: IdmapSlots,
  earlier: readonly string[],
): Opened {
  const { source, options } = wanted;
  const idmapped = wantsIdmap(mount, options);
  const userns = c.kinship('user') !== 'shared';
  // Without host privileges the container walks as the same user as we do, and only it may clone mounts.
  const across = userns && c.holds('CAP_SYS_ADMIN') && c.slotsLeft > RESERVED_SLOTS;
  const { below } = wanted;
  if (wanted.type !== 'bind' || wanted.instead) return { slot: NO_SLOT };
  if (!(idmapped || across)) return { slot: below ? c.slot() : NO_SLOT };
  const inRoot = idmapped || below ? undefined : pathInRoot(c, source);
  if (inRoot !== undefined) return { slot: NO_SLOT, inRoot };
  const maps = idmapped ? idmaps(mapsOf(mount, c)) : NO_SLOT;
  if (idmapped && !userns) return { slot: c.slot(), userns: maps };
  if (idmapped) refuseCovered(c, source, earlier);
  const slot = c.passedSlot();
  const why = idmapped
    ? 'its files show other owners in the container'
    : 'the root of a user namespace may not walk the host to it';
  const how = { recursive: treeFlags(options), userns: maps, slot };
  if (below) c.onHost('openBelow', { ...below, ...how }, why);
  else c.onHost('openTree', { path: source, ...how }, why);
  return { slot };
}

/** What lies below another process's root, as proc_pid_root(5) spells it: open_tree(2) clones it in that namespace only. */
const IN_PROCESS = /^(\/proc\/\d+)\/root(\/.+)$/;

function openLender(c: Context, { type, source }: Omit<Wanted, 'slot'>): Lender | undefined {
  const [, process, path] = (type === 'bind' && IN_PROCESS.exec(source)) || [];
  if (process === undefined || path === undefined) return undefined;
  const open = (file: string, flags: number, why: string): number => {
    const slot = c.passedSlot();
    c.onHost('open', { path: `${process}/${file}`, flags, slot }, why);
    return slot;
  };
  return {
    mntns: open('ns/mnt', O_RDONLY, `the mount namespace that has ${path}`),
    root: open('root', O_PATH, `the root below which ${path} is`),
    path,
  };
}

/** Clones what other mount namespaces lend, before anything of the new container is mounted. */
export function borrowMounts(c: Context, wanted: readonly Wanted[]): void {
  for (const { lender, slot, target } of wanted)
    if (lender)
      c.inContainer('borrowMount', { ...lender, slot }, `shares its ${target} with another container`);
}

/** What of the host is mounted for the container alone. */
function mountOnHost(c: Context): void {
  for (const { type, source, target, options } of c.options.hostMounts ?? []) {
    const { set, data } = parseMountOptions(options);
    c.onHost(
      'mountHost',
      { type, source, target, attr: BigInt(set), options: data },
      `${source || type} as its options say`,
      { undo: [{ op: 'umount', args: { path: target, flags: MNT_DETACH } }] },
    );
  }
}

/** Reads the mounts and writes what the host lane does for them before the clone. */
export function openMounts(c: Context, idmaps: IdmapSlots): Wanted[] {
  mountOnHost(c);
  const earlier: string[] = [];
  return (c.spec.mounts ?? []).map((mount, index) => {
    const plain = read(mount, index, c);
    const wanted = { ...plain, ...belowOf(c, plain) };
    const lender = openLender(c, wanted);
    const opened = lender ? { lender, slot: c.slot() } : openSource(c, mount, wanted, idmaps, earlier);
    earlier.push(wanted.target);
    return { ...wanted, ...opened };
  });
}
