import type { StepFailure } from '../native/types.ts';
import type { Step, StepName } from '../plan/types.ts';
import { dict } from '../store/dict.ts';
import { type Surroundings, surroundings } from './surroundings.ts';

interface HintRule {
  readonly op: StepName;
  readonly codes?: readonly string[];
  /** What the kernel said beside the errno, or the path it was about. */
  readonly about?: RegExp;
  /** Only there; without, anywhere. */
  readonly in?: keyof Surroundings;
  readonly hint: string;
}

const FEW_IDS =
  'this user namespace maps too few ids: give it a range (unshare --map-auto, or newuidmap with /etc/subuid), or run as root of the host';
const PRIVILEGED = 'this is a container: run it with --privileged, or run tinyrun on its host';

/** What to do about a failing step: the first row that fits. */
const RULES: readonly HintRule[] = [
  { op: 'clone', codes: ['EPERM'], in: 'container', hint: PRIVILEGED },
  {
    op: 'clone',
    codes: ['EPERM'],
    hint: 'run as root, or let users make user namespaces: sysctl kernel.unprivileged_userns_clone=1',
  },
  { op: 'clone', codes: ['ENOSPC', 'EUSERS'], hint: 'raise the limits in /proc/sys/user/max_*_namespaces' },
  { op: 'clone', codes: ['EAGAIN'], hint: 'the pids limit of the calling cgroup or user is used up' },
  {
    op: 'clone',
    codes: ['ENOMEM'],
    hint: 'give the container more memory: setting it up is charged to its cgroup, too',
  },
  {
    op: 'idMaps',
    hint: 'the ids must be delegated to the caller in /etc/subuid and /etc/subgid, or the caller must be root',
  },
  {
    op: 'setRlimit',
    codes: ['EPERM'],
    hint: 'raising a hard limit needs CAP_SYS_RESOURCE: ask for no more than the hard limit of the caller (ulimit -Ha)',
  },
  { op: 'oomScoreAdj', codes: ['EACCES', 'EPERM'], hint: 'lowering oom_score_adj needs CAP_SYS_RESOURCE' },
  { op: 'bind', codes: ['ENOENT'], hint: 'the source of the mount must exist on the host' },
  {
    op: 'bind',
    codes: ['ENOTDIR', 'EISDIR'],
    hint: 'source and target of a bind mount must both be directories or both be files',
  },
  { op: 'mountFs', codes: ['ENODEV'], hint: 'the kernel has no such filesystem: load its module (modprobe)' },
  {
    op: 'mountFs',
    codes: ['EPERM'],
    in: 'userns',
    hint: 'the kernel mounts no new /proc or /sys in a user namespace where parts of the old one are covered: run the container around it with --security-opt systempaths=unconfined (podman: unmask=ALL)',
  },
  { op: 'mountFs', codes: ['EPERM', 'EACCES'], in: 'container', hint: PRIVILEGED },
  { op: 'mountFs', codes: ['EINVAL'], about: /\b[ug]id\b/, in: 'userns', hint: FEW_IDS },
  { op: 'setUser', codes: ['EINVAL'], in: 'userns', hint: FEW_IDS },
  { op: 'mountFs', codes: ['EINVAL'], hint: 'the filesystem does not take one of these options' },
  {
    op: 'rootfsOverlay',
    codes: ['EINVAL'],
    hint: 'the upper directory must lie on a filesystem overlayfs can use (not on an overlay or NFS)',
  },
  { op: 'rootfsOverlay', codes: ['EPERM', 'EACCES'], in: 'container', hint: PRIVILEGED },
  {
    op: 'propagateRoot',
    codes: ['EINVAL'],
    hint: 'the root directory here is no mount point, as in a plain chroot: bind the directory onto itself (mount --bind DIR DIR) before entering it, and enter by pivot_root(8)',
  },
  { op: 'propagateRoot', codes: ['EPERM', 'EACCES'], in: 'container', hint: PRIVILEGED },
  {
    op: 'pivotRoot',
    codes: ['EINVAL'],
    hint: 'the root directory here is no mount point, or an initramfs: enter it by pivot_root(8) or switch_root(8) rather than by chroot',
  },
  { op: 'setns', codes: ['EPERM', 'EINVAL'], hint: 'joining the namespace needs CAP_SYS_ADMIN in it' },
  {
    op: 'sysctl',
    codes: ['ENOENT', 'EACCES', 'EPERM'],
    hint: 'only sysctls of namespaces the container has for itself can be set',
  },
  {
    op: 'cgroupCreate',
    codes: ['EACCES', 'EPERM', 'EROFS'],
    in: 'container',
    hint: 'the cgroups of this container are read-only: run it with --privileged, or run tinyrun on its host',
  },
  { op: 'cgroupCreate', codes: ['EROFS'], hint: 'mount -o remount,rw /sys/fs/cgroup' },
  {
    op: 'cgroupCreate',
    codes: ['EACCES', 'EPERM'],
    hint: 'the cgroup must be delegated to the caller: systemd-run --user --scope -p Delegate=yes, or run as root of the host',
  },
  {
    op: 'chdir',
    codes: ['ENOTDIR', 'EEXIST'],
    hint: 'a file of the image lies there: the working directory must be a directory, or a path that can be made',
  },
  {
    op: 'makeDir',
    codes: ['ENOTDIR', 'EEXIST'],
    hint: 'the image has a file where it declares a volume, which is a directory',
  },
  {
    op: 'memoryPolicy',
    codes: ['ENOSYS'],
    hint: 'this kernel knows no NUMA (CONFIG_NUMA): leave linux.memoryPolicy out',
  },
  {
    op: 'memoryPolicy',
    hint: 'the kernel must know the mode, take the flags with it, and have memory on one of the nodes that the cpuset allows',
  },
  {
    op: 'chdir',
    codes: ['ELOOP'],
    hint: 'the working directory must be one of the image, not what a link of /proc leads to',
  },
  { op: 'chdir', codes: ['ENOENT'], hint: 'the working directory must exist in the image' },
  { op: 'seccomp', codes: ['EACCES'], hint: 'without CAP_SYS_ADMIN a filter needs noNewPrivileges' },
];

/** Of whatever step. */
const ANY_STEP: Readonly<Record<string, string>> = dict({
  EMFILE: 'too many open files: raise the limit with ulimit -n',
  ENFILE: 'the host has too many open files: raise fs.file-max',
});

/** What mends the failure of a step, or undefined where the table of errors knows best. */
export function stepHint(
  { op }: Step,
  { code, path }: StepFailure,
  here: Surroundings = surroundings(),
): string | undefined {
  const rule = RULES.find(
    (row) =>
      row.op === op &&
      (row.codes?.includes(code) ?? true) &&
      (row.about?.test(path) ?? true) &&
      (row.in === undefined || here[row.in]),
  );
  return rule?.hint ?? ANY_STEP[code];
}
