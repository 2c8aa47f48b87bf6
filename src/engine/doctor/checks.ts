// The host point by point: each check reads the facts and answers with one finding. Pure.

import { DEFAULT_CAPABILITIES } from '../../spec/defaults.ts';
import { NAMESPACES } from '../../spec/linux.ts';
import { dict } from '../../store/dict.ts';
import { ROOT_WITHOUT } from '../requirements.ts';
import type { DoctorFacts, Trial } from './facts.ts';
import { install, unifiedHierarchy } from './remedies.ts';

/** ok: works. warn: `run` works, something named does not. fail: `run` cannot work. */
export type Status = 'ok' | 'warn' | 'fail';

export interface Finding {
  /** Stable, for scripts: `kernel`, `overlayfs`. */
  readonly id: string;
  readonly status: Status;
  /** What was found, one line, lowercase. */
  readonly detail: string;
  /** The command that mends it, or what to do where no command can. */
  readonly remedy?: string;
}

type Answer = Omit<Finding, 'id'>;
type Check = (facts: DoctorFacts) => Answer;

const ok = (detail: string): Answer => ({ status: 'ok', detail });
const warn = (detail: string, remedy: string): Answer => ({ status: 'warn', detail, remedy });
const fail = (detail: string, remedy: string): Answer => ({ status: 'fail', detail, remedy });

const reason = (trial: Trial): string => (trial.works ? '' : trial.why);

const NEWER_KERNEL = 'boot Linux 5.12 or newer';

const node: Check = ({ node: version, platform, arch }) => {
  const here = `node ${version} on ${platform} ${arch}`;
  if (platform !== 'linux') return fail(here, 'run it on Linux, or in a virtual machine with Linux');
  if (Number(version.split('.')[0]) < 20) return fail(here, 'install Node.js 20 or newer');
  return arch === 'x64' || arch === 'arm64' ? ok(here) : warn(`${here}: no prebuilt addon`, 'npm run build');
};

const addon: Check = ({ addon: trial }) =>
  trial.works ? ok('the native addon is loaded') : fail(trial.why, 'npm run build');

const kernel: Check = ({ kernel: { release, major, minor } }) =>
  major > 5 || (major === 5 && minor >= 12)
    ? ok(`${release}: clone3 into a cgroup, close_range and mount_setattr are in since 5.12`)
    : fail(`${release} is older than 5.12, the first with mount_setattr(2)`, NEWER_KERNEL);

const root: Check = ({ uid, inUserns, capabilities }) => {
  const who = inUserns ? `uid ${uid} in a user namespace` : `uid ${uid}`;
  if (!capabilities.includes('CAP_SYS_ADMIN'))
    return fail(
      `${who} without CAP_SYS_ADMIN`,
      uid === 0 ? ROOT_WITHOUT : 'sudo tinyrun doctor, then sudo tinyrun run …',
    );
  return ok(`${who} with CAP_SYS_ADMIN`);
};

const capabilities: Check = ({ capabilities: held }) => {
  const missing = DEFAULT_CAPABILITIES.filter((name) => !held.includes(name));
  if (missing.length > 0)
    return warn(
      `a container cannot be given ${missing.join(' ')}`,
      `run the shell with ${missing.join(' ')}`,
    );
  if (!held.includes('CAP_SYS_RESOURCE'))
    return warn(
      'without CAP_SYS_RESOURCE --ulimit cannot raise hard limits, nor --oom-score-adj lower a score',
      'give the surrounding container or service CAP_SYS_RESOURCE (docker run --cap-add SYS_RESOURCE)',
    );
  return ok(`${held.length} held, all that containers get by default`);
};

const syscalls: Check = ({ openat2, pidfd, mountApi }) => {
  const trials = { openat2, pidfd_open: pidfd, mount_setattr: mountApi };
  const broken = Object.entries(trials).filter(([, trial]) => !trial.works);
  if (broken.length === 0) return ok('openat2, pidfd_open, fsopen, fsmount and mount_setattr were tried');
  const detail = broken.map(([name, trial]) => `${name}: ${reason(trial)}`).join('; ');
  const filtered = /EPERM|EACCES/.test(detail);
  return fail(
    detail,
    filtered ? 'leave the sandbox whose seccomp filter or lack of root forbids it' : NEWER_KERNEL,
  );
};

const namespaces: Check = ({ namespaces: there }) => {
  const files = Object.values(NAMESPACES).map(({ file }) => file);
  const missing = files.filter((file) => !there.includes(file));
  if (missing.length === 0) return ok(files.join(' '));
  const optional = missing.every((file) => file === 'time' || file === 'user');
  const words = `this kernel has no ${missing.join(', ')} namespace`;
  return (optional ? warn : fail)(words, 'boot a kernel with CONFIG_NAMESPACES and all of CONFIG_*_NS');
};

const userNamespaces: Check = ({ maxUserNamespaces, unprivilegedUserns }) => {
  if (maxUserNamespaces === undefined)
    return warn('not in this kernel: --userns does not work', 'boot a kernel with CONFIG_USER_NS');
  if (maxUserNamespaces === 0)
    return warn('user.max_user_namespaces is 0', 'sysctl -w user.max_user_namespaces=15000');
  if (!unprivilegedUserns)
    return warn(
      'only root may make them here',
      'sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0',
    );
  return ok(`up to ${maxUserNamespaces}, also for users without root`);
};

const subordinateIds: Check = (facts) => {
  const { user, subuids, subgids } = facts;
  const helpers = facts.newuidmap && facts.newgidmap;
  const ranges = subuids >= 65536 && subgids >= 65536;
  if (facts.uid === 0 && !facts.inUserns) return ok('root maps ids itself, /etc/subuid is not needed');
  if (!helpers)
    return warn('newuidmap and newgidmap are missing: only one id can be mapped', install(facts, 'uidmap'));
  if (!ranges)
    return warn(
      `${user} has ${subuids} ids in /etc/subuid and ${subgids} in /etc/subgid, 65536 are needed`,
      `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}`,
    );
  return ok(`${subuids} uids and ${subgids} gids for ${user}, by newuidmap`);
};

/** Which flags of `run` need which controller. */
const LIMITS = {
  memory: '--memory',
  cpu: '--cpus --cpu-shares',
  pids: '--pids-limit',
  cpuset: '--cpuset-cpus',
  io: '--blkio-weight --device-*-bps',
} as const;

const cgroups: Check = (facts) => {
  const { mode, controllers, v1 } = facts.cgroup;
  if (mode === 'none') return warn('no cgroup is mounted: no limits', 'mount -t cgroup2 none /sys/fs/cgroup');
  if (mode === 'v1') return warn('only cgroup v1: no limits, no freezer', unifiedHierarchy(facts));
  const missing = Object.entries(LIMITS).filter(([name]) => !controllers.includes(name));
  if (missing.length === 0) return ok(`v2 with ${controllers.join(' ')}: every limit works`);
  const flags = missing.map(([, flag]) => flag).join(' ');
  const held = missing
    .filter(([name]) => name in v1 || (name === 'io' && 'blkio' in v1))
    .map(([name]) => name);
  if (mode === 'hybrid' && held.length > 0)
    return warn(
      `hybrid: ${held.join(' ')} ${held.length > 1 ? 'are' : 'is'} on v1, so ${flags} cannot work`,
      unifiedHierarchy(facts),
    );
  return warn(
    `v2 without ${missing.map(([name]) => name).join(' ')}: ${flags} cannot work`,
    facts.surroundings.container ? FROM_THE_HOST : NOT_DISABLED,
  );
};

const NOT_DISABLED =
  'boot a kernel that has them, without cgroup_disable= on its command line (a Raspberry Pi: with cgroup_enable=memory)';

/** The root of a cgroup namespace has the controllers that the group around it hands down. */
const FROM_THE_HOST =
  'this is a container, which has the controllers that its host gives it: boot that with cgroup v2, and start the container on it';

const overlayfs: Check = ({ overlay, lowerdirPlus, dataRoot }) => {
  if (overlay.works)
    return ok(
      `mounts over ${dataRoot}${lowerdirPlus ? ', any number of layers (lowerdir+)' : ', about 100 layers (lowerdir+ is in 6.7)'}`,
    );
  if (overlay.why.startsWith('ENODEV')) return fail(`not in this kernel: ${overlay.why}`, 'modprobe overlay');
  return fail(
    `an overlay over ${dataRoot} cannot be mounted: ${overlay.why}`,
    'choose an ext4, xfs, btrfs or tmpfs directory: tinyrun --data-root DIR, or export TINYRUN_ROOT=DIR',
  );
};

const seccomp: Check = ({ seccompActions }) => {
  if (!seccompActions.includes('errno'))
    return fail('not in this kernel', 'boot a kernel with CONFIG_SECCOMP_FILTER');
  return ok(seccompActions.join(' '));
};

const OWN_NETWORK = 'run it as root of the network namespace: as root of the host, or unshare --net';

const nftables: Check = (facts) => {
  if (facts.nft === undefined)
    return warn('nft is not installed: bridge networks need it', install(facts, 'nftables'));
  if (!facts.nfTables.works) {
    const refused = /not permitted|must be root/.test(facts.nfTables.why);
    const { container } = facts.surroundings;
    const remedy = container
      ? 'give this container CAP_NET_ADMIN (docker run --cap-add NET_ADMIN)'
      : OWN_NETWORK;
    return warn(`${facts.nft}: ${facts.nfTables.why}`, refused ? remedy : 'modprobe nf_tables');
  }
  return ok(facts.nft);
};

const security: Check = (facts) => {
  if (facts.apparmor && !facts.apparmorParser)
    return warn('AppArmor is on, but profiles cannot be loaded', install(facts, 'apparmor'));
  const modules = [facts.apparmor && 'AppArmor', facts.selinux && 'SELinux'].filter(Boolean);
  return ok(
    modules.length > 0 ? modules.join(', ') : 'no AppArmor, no SELinux: seccomp and capabilities do the work',
  );
};

const container: Check = ({ container: trial }) =>
  trial.works
    ? ok('one was started, changed its root, and ended')
    : fail(trial.why, trial.remedy ?? 'mend what is marked above');

/** What could not be tried says so, and points to what comes first. */
const needsAddon =
  (check: Check): Check =>
  (facts) =>
    facts.addon.works ? check(facts) : warn('not tried: the native addon is missing', 'npm run build');

const needsRoot =
  (check: Check): Check =>
  (facts) =>
    facts.capabilities.includes('CAP_SYS_ADMIN')
      ? check(facts)
      : warn('not tried without root', facts.uid === 0 ? ROOT_WITHOUT : 'sudo tinyrun doctor');

const CHECKS: Readonly<Record<string, Check>> = dict({
  node,
  addon,
  kernel,
  root,
  capabilities: needsRoot(capabilities),
  syscalls: needsAddon(needsRoot(syscalls)),
  namespaces,
  'user-namespaces': userNamespaces,
  'subordinate-ids': subordinateIds,
  cgroups: needsAddon(cgroups),
  overlayfs: needsAddon(needsRoot(overlayfs)),
  seccomp,
  nftables: needsRoot(nftables),
  'security-modules': security,
  container: needsAddon(needsRoot(container)),
});

/** All findings, in the order in which a host is best mended. */
export function examine(facts: DoctorFacts): Finding[] {
  return Object.entries(CHECKS).map(([id, check]) => ({ id, ...check(facts) }));
}

/** Whether `tinyrun run` can work. */
export function canRun(findings: readonly Finding[]): boolean {
  return findings.every((finding) => finding.status !== 'fail');
}
