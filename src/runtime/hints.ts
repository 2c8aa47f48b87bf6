import type { StepFailure } from '../native/types.ts';
import type { Step, StepName } from '../plan/types.ts';
import { dict } from '../store/dict.ts';

interface HintRule {
  readonly op: StepName;
  readonly codes?: readonly string[];
  readonly hint: string;
}

/** What to do about a failing step: the first row that fits. */
const RULES: readonly HintRule[] = [
  {
    op: 'clone',
    codes: ['EPERM'],
    hint: 'run as root, or let users make user namespaces: sysctl kernel.unprivileged_userns_clone=1',
  },
  { op: 'clone', codes: ['ENOSPC', 'EUSERS'], hint: 'raise the limits in /proc/sys/user/max_*_namespaces' },
  { op: 'clone', codes: ['EAGAIN'], hint: 'the pids limit of the calling cgroup or user is used up' },
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
  { op: 'mountFs', codes: ['EINVAL'], hint: 'the filesystem does not take one of these options' },
  {
    op: 'rootfsOverlay',
    codes: ['EINVAL'],
    hint: 'the upper directory must lie on a filesystem overlayfs can use (not on an overlay or NFS)',
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
    hint: 'the cgroup must be delegated to the caller',
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
export function stepHint(step: Step, failure: StepFailure): string | undefined {
  const { op } = step;
  const { code } = failure;
  const rule = RULES.find(({ op: of, codes }) => of === op && (codes === undefined || codes.includes(code)));
  return rule?.hint ?? ANY_STEP[code];
}
