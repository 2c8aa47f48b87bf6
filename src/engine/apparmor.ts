import { readFileSync } from 'node:fs';
import type { HostFacts } from '../plan/host.ts';

export const DEFAULT_PROFILE = 'tinyrun-default';

/** Names and modes of the profiles the kernel has, one a line: `tinyrun-default (enforce)`. */
const LOADED = '/sys/kernel/security/apparmor/profiles';

/**
 * What AppArmor adds to the other walls, for the case that one of them has a hole: no mounts, no writes to the
 * machine's settings below /proc/sys and /sys, no way to its memory or to sysrq. Everything else is allowed: files and
 * capabilities are limited by the container itself. apparmor.d(5).
 */
export function profileText(name: string): string {
  const denied = [
    ...['mem', 'kmem', 'kcore', 'sysrq-trigger'].map((file) => `/proc/${file} rwklx`),
    '/proc/sys/** wklx',
    ...['firmware', 'kernel/security', 'kernel/debug'].map((dir) => `/sys/${dir}/** rwklx`),
    ...['block', 'bus', 'class', 'dev', 'devices', 'hypervisor', 'module', 'power'].map(
      (d) => `/sys/${d}/** wklx`,
    ),
  ];
  return `profile ${name} flags=(attach_disconnected,mediate_deleted) {
  network,
  capability,
  file,
  umount,
  unix,
  dbus,
  signal (receive) peer=unconfined,
  signal (send,receive) peer=${name},
  ptrace (read,trace,readby,tracedby) peer=${name},
  deny mount,
${denied.map((rule) => `  deny ${rule},\n`).join('')}}
`;
}

/**
 * The name of the default profile once the kernel has it; undefined on hosts without AppArmor, or without
 * apparmor_parser(8), as Docker does (tinyrun doctor tells).
 */
export async function ensureDefaultProfile(host: HostFacts): Promise<string | undefined> {
  if (!host.apparmor) return undefined;
  if (isLoaded()) return DEFAULT_PROFILE;
  const { spawnSync } = await import('node:child_process');
  const { status } = spawnSync('apparmor_parser', ['--replace', '--skip-cache'], {
    input: profileText(DEFAULT_PROFILE),
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' },
  });
  return status === 0 && isLoaded() ? DEFAULT_PROFILE : undefined;
}

function isLoaded(): boolean {
  try {
    return readFileSync(LOADED, 'utf8')
      .split('\n')
      .some((line) => line.startsWith(`${DEFAULT_PROFILE} (`));
  } catch {
    // securityfs is not mounted, or not for us to read
    return false;
  }
}
