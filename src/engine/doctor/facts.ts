import type { HostFacts } from '../../plan/host.ts';
import type { Surroundings } from '../../runtime/surroundings.ts';

/** What came of trying something: it worked, or why not (`EPERM`, `ENODEV`, a version). */
export type Trial = { readonly works: true } | { readonly works: false; readonly why: string };

export type PackageManager = 'apt-get' | 'dnf' | 'apk' | 'pacman' | 'zypper';

/** Everything that the checks look at, gathered once: plain data, so that any host can be played in a test. */
export interface DoctorFacts {
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
  /** The native addon with tinyrun-init inside. */
  readonly addon: Trial;
  readonly kernel: HostFacts['kernel'];
  readonly uid: number;
  readonly user: string;
  readonly inUserns: boolean;
  /** Names of the effective capabilities. */
  readonly capabilities: readonly string[];
  /** Types for which /proc/self/ns has a file. */
  readonly namespaces: readonly string[];
  readonly openat2: Trial;
  readonly pidfd: Trial;
  /** fsopen, fsmount and mount_setattr on a detached tmpfs. */
  readonly mountApi: Trial;
  /** An overlay with an upper directory below the data root, mounted detached. */
  readonly overlay: Trial;
  /** `lowerdir+` of overlayfs (6.7). */
  readonly lowerdirPlus: boolean;
  readonly dataRoot: string;
  /** Actions of seccomp(2) the kernel knows; empty without seccomp. */
  readonly seccompActions: readonly string[];
  readonly cgroup: HostFacts['cgroup'];
  /** user.max_user_namespaces; absent without user namespaces. */
  readonly maxUserNamespaces?: number;
  /** Debian's kernel.unprivileged_userns_clone and Ubuntu's AppArmor restriction say no. */
  readonly unprivilegedUserns: boolean;
  /** Ids set aside for the user in /etc/subuid and /etc/subgid. */
  readonly subuids: number;
  readonly subgids: number;
  /** Helpers that are set-user-id or have file capabilities. */
  readonly newuidmap: boolean;
  readonly newgidmap: boolean;
  /** Path of nft, absent when it is not installed. */
  readonly nft?: string;
  /** `nft list tables`. */
  readonly nfTables: Trial;
  readonly apparmor: boolean;
  readonly apparmorParser: boolean;
  readonly selinux: boolean;
  /** /etc/default/grub is there. */
  readonly grub: boolean;
  readonly surroundings: Surroundings;
  /** A container of the embedded image, born, pivoted and ended; `remedy` is what the failing step's error says to do. */
  readonly container: Trial & { readonly remedy?: string };
  readonly packageManager?: PackageManager;
}
