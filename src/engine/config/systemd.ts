import { basename } from 'node:path/posix';
import type { ContainerConfig } from './types.ts';

const NAMED: readonly string[] = ['/sbin/init', '/usr/sbin/init', '/usr/local/sbin/init'];

/** SIGRTMIN+3: halt. */
export const SYSTEMD_STOP = 37;

/** Whether systemd is to be PID 1: by its name, as podman finds it out, or insisted on. */
export function isSystemd(
  { systemd = true, init, namespaces }: ContainerConfig,
  [program = '']: readonly string[],
): boolean {
  if (typeof systemd === 'string' || !systemd) return systemd === 'always';
  const isFirst = !init && (namespaces?.pid ?? 'private') === 'private';
  return isFirst && (NAMED.includes(program) || basename(program) === 'systemd');
}
