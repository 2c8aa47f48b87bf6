// Asks the host; what is tried on it is in trials.ts.

import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { AT_FDCWD, O_CLOEXEC, O_PATH, RESOLVE_NO_MAGICLINKS } from '../../native/fcntl.ts';
import { native } from '../../native/index.ts';
import type { CgroupFacts } from '../../plan/host.ts';
import { hostFacts } from '../../runtime/host.ts';
import { surroundings } from '../../runtime/surroundings.ts';
import { capabilityNames } from '../../spec/linux.ts';
import { join } from '../../store/join.ts';
import { readIfAny } from '../../store/read.ts';
import type { DoctorFacts, PackageManager, Trial } from './facts.ts';
import { attempt, hasLowerdirPlus, tryContainer, tryMountApi, tryOverlay } from './trials.ts';

const PACKAGE_MANAGERS: readonly PackageManager[] = ['apt-get', 'dnf', 'apk', 'pacman', 'zypper'];

function readNumber(path: string): number | undefined {
  const text = readIfAny(path);
  return text === undefined ? undefined : Number(text);
}

/** A program by PATH and the directories of root, which sudo and cron leave away. */
export function findProgram(name: string, path = process.env.PATH ?? ''): string | undefined {
  for (const directory of [...path.split(':'), '/usr/sbin', '/sbin', '/usr/bin']) {
    if (!directory.startsWith('/')) continue;
    const file = join(directory, name);
    if (attempt(() => accessSync(file, constants.X_OK)).works) return file;
  }
  return undefined;
}

/** Ids of all ranges that `user` has in /etc/subuid or /etc/subgid; subuid(5). */
export function countSubordinateIds(text: string, user: string, uid: number): number {
  let count = 0;
  for (const line of text.split('\n')) {
    const [owner, , size] = line.split(':');
    if (owner === user || owner === String(uid)) count += Number(size) || 0;
  }
  return count;
}

/** What can only be asked with the addon; without it the trials fail with the addon's own reason. */
function gatherNative(dataRoot: string) {
  const addon = attempt(() => native());
  if (!addon.works) {
    return { addon, openat2: addon, pidfd: addon, mountApi: addon, overlay: addon, lowerdirPlus: false };
  }
  const it = native();
  return {
    addon,
    openat2: attempt(() =>
      it.close(it.openat2(AT_FDCWD, '/proc', { flags: O_PATH | O_CLOEXEC, resolve: RESOLVE_NO_MAGICLINKS })),
    ),
    pidfd: attempt(() => it.close(it.pidfdOpen(process.pid))),
    mountApi: attempt(() => tryMountApi(it)),
    overlay: attempt(() => tryOverlay(it, dataRoot)),
    lowerdirPlus: hasLowerdirPlus(it),
  };
}

const NO_CGROUPS: CgroupFacts = { mode: 'none', controllers: [], v1: {}, own: '/' };

/** The part of HostFacts that is asked for, also when the addon is missing. */
function gatherHost(addon: Trial) {
  if (addon.works) {
    const { kernel, cgroup, apparmor, selinux, inUserns, capabilities } = hostFacts();
    return {
      kernel,
      cgroup,
      apparmor,
      selinux,
      inUserns,
      capabilities: capabilityNames(capabilities.effective),
    };
  }
  const release = readIfAny('/proc/sys/kernel/osrelease')?.trim() ?? '0.0';
  const [major, minor] = release.split('.').map((part) => Number.parseInt(part, 10));
  return {
    kernel: { release, major: major ?? 0, minor: minor ?? 0 },
    cgroup: NO_CGROUPS,
    apparmor: false,
    selinux: false,
    inUserns: false,
    capabilities: capabilityNames(
      BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(readIfAny('/proc/self/status') ?? '')?.[1] ?? '0'}`),
    ),
  };
}

async function tryNft(nft: string | undefined): Promise<Trial> {
  if (nft === undefined) return { works: false, why: 'nft is not installed' };
  const { spawnSync } = await import('node:child_process');
  const { status, stderr, error } = spawnSync(nft, ['list', 'tables'], { timeout: 5000, encoding: 'utf8' });
  if (status === 0) return { works: true };
  return { works: false, why: error?.message ?? stderr.trim().split('\n')[0] ?? `exit ${status}` };
}

function gatherUsers() {
  const uid = process.getuid?.() ?? 0;
  const user = nameOfUser(uid);
  const maxUserNamespaces = readNumber('/proc/sys/user/max_user_namespaces');
  return {
    uid,
    user,
    ...(maxUserNamespaces !== undefined && { maxUserNamespaces }),
    unprivilegedUserns:
      readNumber('/proc/sys/kernel/unprivileged_userns_clone') !== 0 &&
      readNumber('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') !== 1,
    subuids: countSubordinateIds(readIfAny('/etc/subuid') ?? '', user, uid),
    subgids: countSubordinateIds(readIfAny('/etc/subgid') ?? '', user, uid),
    newuidmap: findProgram('newuidmap') !== undefined,
    newgidmap: findProgram('newgidmap') !== undefined,
  };
}

/** os.userInfo() throws for a uid without an entry in /etc/passwd. */
function nameOfUser(uid: number): string {
  try {
    return userInfo().username;
  } catch {
    return String(uid);
  }
}

/** Asks the host everything; about 100 ms, of which a container is most. Needs no root, finds less without. */
export async function gatherFacts(dataRoot: string): Promise<DoctorFacts> {
  const tried = gatherNative(dataRoot);
  const host = gatherHost(tried.addon);
  const nft = findProgram('nft');
  const packageManager = PACKAGE_MANAGERS.find((name) => findProgram(name));
  return {
    node: process.versions.node,
    platform: process.platform,
    arch: process.arch,
    dataRoot,
    ...tried,
    ...host,
    ...gatherUsers(),
    namespaces: existsSync('/proc/self/ns') ? readdirSync('/proc/self/ns') : [],
    seccompActions: (readIfAny('/proc/sys/kernel/seccomp/actions_avail') ?? '').split(/\s+/).filter(Boolean),
    ...(nft !== undefined && { nft }),
    nfTables: await tryNft(nft),
    apparmorParser: findProgram('apparmor_parser') !== undefined,
    grub: existsSync('/etc/default/grub'),
    surroundings: surroundings(),
    container: await tryContainer(dataRoot),
    ...(packageManager && { packageManager }),
  };
}
