import { existsSync, readFileSync } from 'node:fs';
import { type HostFacts, holds } from '../plan/host.ts';

export const DEFAULT_PROFILE = 'tinyrun-default';

/** Where policy is loaded; a securityfs that is not mounted has no such file. */
const POLICY = '/sys/kernel/security/apparmor/.replace';

/** apparmor_parser(8): profile in, policy out. */
const COMPILE = 'apparmor_parser --stdout --skip-kernel-load --skip-cache';

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

/** The default profile, and what the kernel must be told of it where it does not have it yet. */
export interface DefaultProfile {
  readonly name: string;
  readonly policy?: Uint8Array;
}

/**
 * Undefined on hosts without AppArmor, without the right to load policy, or without apparmor_parser(8), as Docker does
 * (tinyrun doctor tells). Compiles, but changes nothing: loading it is a step of the plan.
 */
export async function defaultProfile(host: HostFacts): Promise<DefaultProfile | undefined> {
  if (!host.apparmor) return undefined;
  const name = DEFAULT_PROFILE;
  if (isLoaded()) return { name };
  if (!mayLoad(host)) return undefined;
  const { spawnSync } = await import('node:child_process');
  const [program = '', ...flags] = COMPILE.split(' ');
  const { status, stdout } = spawnSync(program, flags, {
    input: profileText(name),
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' },
  });
  return status === 0 && stdout.length > 0 ? { name, policy: stdout } : undefined;
}

/** apparmor(7): policy is for who has CAP_MAC_ADMIN, outside of any user namespace. */
const mayLoad = (host: HostFacts): boolean =>
  !host.inUserns && holds(host, 'CAP_MAC_ADMIN') && existsSync(POLICY);

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
