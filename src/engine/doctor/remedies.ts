import { dict } from '../../store/dict.ts';
import type { DoctorFacts, PackageManager } from './facts.ts';

const INSTALL: Readonly<Record<PackageManager, string>> = {
  'apt-get': 'apt-get install -y',
  dnf: 'dnf install -y',
  apk: 'apk add',
  pacman: 'pacman -S --noconfirm',
  zypper: 'zypper install -y',
};

/** Packages that bear another name than Debian's. */
const NAMES: Readonly<Record<string, Partial<Record<PackageManager, string>>>> = dict({
  uidmap: { dnf: 'shadow-utils', apk: 'shadow-uidmap', pacman: 'shadow', zypper: 'shadow' },
});

/** The command that installs a package (by its name in Debian) on this host. */
export function install(facts: Pick<DoctorFacts, 'packageManager'>, name: string): string {
  const manager = facts.packageManager;
  if (!manager) return `install the package ${name}`;
  return `${INSTALL[manager]} ${NAMES[name]?.[manager] ?? name}`;
}

/** All controllers to cgroup v2: by kernel parameters, since processes hold the v1 hierarchies. */
export function unifiedHierarchy(facts: Pick<DoctorFacts, 'grub'>): string {
  const parameters = 'systemd.unified_cgroup_hierarchy=1 cgroup_no_v1=all';
  if (!facts.grub) return `boot with ${parameters} on the kernel command line`;
  return `sed -i 's/^GRUB_CMDLINE_LINUX="/&${parameters} /' /etc/default/grub && update-grub && reboot`;
}
