import { TinyrunError } from '../../errors.ts';
import { MOUNT_ATTR_RDONLY } from '../../spec/linux.ts';
import { dict } from '../../store/dict.ts';
import { FLAGS } from '../steps.gen.ts';
import { NO_SLOT } from '../types.ts';
import type { Context } from './context.ts';
import { isMapped } from './idmaps.ts';
import { isSuperblockWord } from './mount-options.ts';
import { treeFlags, type Wanted } from './mount-sources.ts';

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

const WHY: Readonly<Record<string, string>> = dict({
  proc: 'its processes, in its own pid namespace',
  sysfs: 'devices and kernel objects, as its network namespace shows them',
  devpts: 'terminals of its own',
  mqueue: 'POSIX message queues of its ipc namespace',
  tmpfs: 'files in memory, gone with the container',
  cgroup2: 'its control groups',
});

/**
 * mount(8) `--bind` with options, as runc has it since 1.2: an option that sets or clears an attribute makes all of them the
 * spec's own; without any those of the source stay.
 */
const ownsAttributes = ({ type, options, instead }: Wanted): boolean =>
  type === 'bind' && !instead && (options.set | options.clear) !== 0;

function bindFlags(wanted: Wanted): number {
  return (
    (wanted.options.recursive ? FLAGS.bind.recursive : 0) |
    (wanted.inRoot === undefined ? 0 : FLAGS.bind.sourceInRoot) |
    (wanted.instead ? FLAGS.bind.skipMissing : 0) |
    (ownsAttributes(wanted) ? FLAGS.bind.ownAttributes : 0) |
    (wanted.options.copyUp && wanted.type === 'bind' ? FLAGS.bind.copyUp : 0)
  );
}

function bind(c: Context, wanted: Wanted): void {
  const { source, target, options, slot, inRoot, userns = NO_SLOT, below } = wanted;
  const how = { recursive: treeFlags(options), userns, slot };
  if (below && !c.passed.includes(slot))
    c.inContainer('openBelow', { ...below, ...how }, `no link leads out of ${below.root}`);
  else if (wanted.userns !== undefined)
    c.inContainer('openTree', { path: source, ...how }, 'its files show other owners in the container');
  c.inContainer(
    'bind',
    {
      source: slot === NO_SLOT ? (inRoot ?? source) : '',
      slot,
      target,
      attrSet: BigInt(options.set),
      attrClear: BigInt(options.clear),
      recAttrSet: BigInt(options.recSet),
      recAttrClear: BigInt(options.recClear),
      propagation: options.propagation,
      flags: bindFlags(wanted),
    },
    inRoot === undefined ? `${source} of the host` : `${inRoot} of the root, as earlier mounts made it`,
  );
}

/** tmpfs and /dev are filled before they become read-only. */
const isFilledFirst = ({ type, target }: Wanted): boolean => type === 'tmpfs' || target === '/dev';

/** Options as fsconfig(2) takes them; those of a filesystem in a user namespace must name ids it has. */
function fsOptions(c: Context, { type, options }: Wanted): string[] {
  const label = mountLabel(c);
  const { gidMappings = [] } = c.linux;
  const own = options.data.filter((option) => {
    const gid =
      type === 'devpts' && c.kinship('user') === 'new' ? /^gid=(\d+)$/.exec(option)?.[1] : undefined;
    return gid === undefined || isMapped(gidMappings, Number(gid));
  });
  return ['tmpfs', 'mqueue', 'devpts'].includes(type) ? [...own, ...label] : own;
}

/** mount(8): the label of all files of a filesystem that keeps none itself. Where there is no SELinux the kernel refuses it, too. */
function mountLabel({ host, linux: { mountLabel: label } }: Context): string[] {
  if (!label) return [];
  if (host.selinux) return [`context=${JSON.stringify(label)}`];
  throw new TinyrunError('UNSUPPORTED', `linux.mountLabel ${label}: this host has no SELinux`, {
    hint: 'leave the label out: nothing would be confined by it',
  });
}

function fsFlags(wanted: Wanted, readOnly: boolean): number {
  const { type, options } = wanted;
  const keepMode = type === 'tmpfs' && !options.data.some((option) => option.startsWith('mode='));
  return (
    (options.copyUp && type === 'tmpfs' ? FLAGS.mountFs.copyUp : 0) |
    (readOnly && !VIRTUAL.has(type) ? FLAGS.mountFs.readOnly : 0) |
    (type === 'proc' || type === 'sysfs' ? FLAGS.mountFs.plainTarget : 0) |
    (type === 'mqueue' || type === 'cgroup2' ? FLAGS.mountFs.optional : 0) |
    (keepMode ? FLAGS.mountFs.keepMode : 0)
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
  const host = c.host.cgroup.unifiedRoot;
  if (c.has('cgroup') || (c.kinship('user') === 'shared' && host === undefined)) {
    filesystem(c, { ...wanted, type: 'cgroup2', source: 'cgroup', options });
  } else if (c.kinship('user') === 'shared' && host !== undefined) {
    // A new cgroup2 outside a cgroup namespace resets the options of the host's own (nsdelegate, memory_recursiveprot)
    // and waits for a grace period, 6 ms.
    bind(c, { ...wanted, source: host, options });
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
