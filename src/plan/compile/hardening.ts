import { TinyrunError } from '../../errors.ts';
import { sysctlPath } from '../../spec/sysctl.ts';
import type { Context } from './context.ts';
import type { Wanted } from './mount-sources.ts';
import { lateReadonly } from './mounts.ts';

/** Names first: with a read-only /proc/sys below they could still be set, but not the sysctls. */
function names(c: Context): void {
  const { hostname, domainname } = c.spec;
  if (hostname) c.inContainer('setHostname', { name: hostname }, 'its own name');
  if (domainname) c.inContainer('setDomainname', { name: domainname }, 'its own NIS domain');
}

function sysctls(c: Context): void {
  for (const [key, value] of Object.entries(c.linux.sysctl ?? {})) {
    const path = sysctlPath(key);
    if (path === undefined)
      throw new TinyrunError('SPEC_INVALID', `linux.sysctl.${key}: is not the name of a kernel setting`);
    c.inContainer('sysctl', { key: path.join('/'), value }, 'a setting of one of its namespaces');
  }
}

/**
 * What the container must not change or see. Order: sysctls need a writable /proc/sys; masks come last, since they
 * may lie below read-only paths.
 */
export function hardening(c: Context, mounts: readonly Wanted[]): void {
  const { cwd = '/' } = c.spec.process ?? {};
  if (c.spec.root?.readonly && c.has('mount') && cwd !== '/') {
    const made = { path: cwd, mode: 0o755, uid: 0, gid: 0 };
    c.inContainer('makeDir', made, 'process.cwd, while it can be made; chdir tells why not', {
      mayFail: true,
    });
  }
  lateReadonly(c, mounts);
  if (c.spec.root?.readonly && c.has('mount')) c.inContainer('readonlyRoot', {}, 'root.readonly');
  names(c);
  sysctls(c);
  for (const path of new Set(c.linux.readonlyPaths))
    c.inContainer('readonlyPath', { path }, 'settings of the whole machine: to be seen, not changed');
  for (const path of new Set(c.linux.maskedPaths))
    c.inContainer('mask', { path }, 'tells of the host, or reaches its hardware');
}
