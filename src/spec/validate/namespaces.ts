// Rules that tie fields to namespaces: what would change the host without one is refused.

import { sysctlPath } from '../sysctl.ts';
import type { Linux, LinuxIDMapping, LinuxNamespace, LinuxNamespaceType, Spec } from '../types.ts';
import { at, type Report, type Where } from './report.ts';

type Rule = (spec: Spec, linux: Linux, report: Report) => void;

/** The namespace of a type that the container is given, new or joined; undefined when it stays in the host's. */
export function namespaceOf(linux: Linux, type: LinuxNamespaceType): LinuxNamespace | undefined {
  return linux.namespaces?.find((ns) => ns.type === type);
}

const unique: Rule = (_spec, linux, report) => {
  const seen = new Set<string>();
  for (const [i, { type }] of (linux.namespaces ?? []).entries()) {
    if (seen.has(type)) report.error(at('linux.namespaces', i), `${type} is listed twice`);
    seen.add(type);
  }
};

/** sethostname(2) takes 64 bytes (utsname), and sets the host's name without a uts namespace. */
const names: Rule = (spec, linux, report) => {
  for (const field of ['hostname', 'domainname'] as const) {
    const name = spec[field];
    if (!name) continue;
    if (!namespaceOf(linux, 'uts')) report.error(field, 'needs a uts namespace in linux.namespaces');
    if (Buffer.byteLength(name) > 64) report.error(field, 'is longer than the 64 bytes of a kernel name');
  }
};

const mountNamespace: Rule = (spec, linux, report) => {
  if (namespaceOf(linux, 'mount')) return;
  for (const field of ['maskedPaths', 'readonlyPaths'] as const)
    if (linux[field]?.length) report.error(at('linux', field), 'needs a mount namespace in linux.namespaces');
  if (spec.mounts?.length)
    report.warn(
      'mounts',
      "none is made without a mount namespace in linux.namespaces: it would be the host's",
    );
};

const userNamespace: Rule = (_spec, linux, report) => {
  const user = namespaceOf(linux, 'user');
  for (const field of ['uidMappings', 'gidMappings'] as const) {
    const path = at('linux', field);
    const mappings = linux[field] ?? [];
    if (mappings.length > 0 && !user) report.error(path, 'needs a user namespace in linux.namespaces');
    if (mappings.length === 0 && user && !user.path)
      report.error(path, 'is missing: a new user namespace without mappings has no usable ids');
    checkMappings(mappings, path, report);
  }
};

/** user_namespaces(7): at most 340 lines, ranges below 2^32, none overlapping on either side. */
export function checkMappings(mappings: readonly LinuxIDMapping[], path: Where, report: Report): void {
  if (mappings.length > 340) {
    report.error(path, 'has more than the 340 lines of a map');
    return;
  }
  for (const side of ['containerID', 'hostID'] as const) {
    const sorted = mappings.map((m, i) => ({ start: m[side], end: m[side] + m.size, i }));
    sorted.sort((a, b) => a.start - b.start);
    for (const [n, range] of sorted.entries()) {
      if (range.end > 0xffff_ffff) report.error(at(path, range.i), `${side} + size is above 4294967295`);
      const next = sorted[n + 1];
      if (next && next.start < range.end) report.error(at(path, next.i), `${side} overlaps [${range.i}]`);
    }
  }
}

const timeNamespace: Rule = (_spec, linux, report) => {
  if (!linux.timeOffsets || Object.keys(linux.timeOffsets).length === 0) return;
  const time = namespaceOf(linux, 'time');
  if (!time) report.error('linux.timeOffsets', 'needs a time namespace in linux.namespaces');
  else if (time.path)
    report.error('linux.timeOffsets', 'cannot be set on a time namespace that is joined by path');
};

/** netdevice(7): IFNAMSIZ is 16 with the NUL. */
const netDevices: Rule = (_spec, linux, report) => {
  const devices = Object.entries(linux.netDevices ?? {});
  if (devices.length > 0 && !namespaceOf(linux, 'network'))
    report.error('linux.netDevices', 'needs a network namespace in linux.namespaces');
  for (const [host, { name }] of devices)
    for (const each of name ? [host, name] : [host])
      if (!/^[^\s/:]{1,15}$/.test(each) || each === '.' || each === '..')
        report.error(
          at('linux.netDevices', host),
          `${JSON.stringify(each.slice(0, 64))} is not a name of an interface`,
        );
};

const IPC_SYSCTLS = new Set([
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
]);

/** The namespace whose setting a sysctl is; undefined for one of the whole machine. */
function sysctlNamespace(key: string): LinuxNamespaceType | undefined {
  if (IPC_SYSCTLS.has(key) || key.startsWith('fs.mqueue.')) return 'ipc';
  if (key.startsWith('net.')) return 'network';
  if (key === 'kernel.domainname') return 'uts';
  if (key.startsWith('user.')) return 'user';
  return undefined;
}

const sysctls: Rule = (_spec, linux, report) => {
  for (const key of Object.keys(linux.sysctl ?? {})) {
    const path = at('linux.sysctl', key);
    const name = sysctlPath(key)?.join('.');
    const type = name === undefined ? undefined : sysctlNamespace(name);
    if (name === undefined) report.error(path, 'is not the name of a kernel setting');
    else if (name === 'kernel.hostname') report.error(path, 'is set by the field hostname');
    else if (type === undefined)
      report.error(path, 'belongs to no namespace: it would be set for the whole machine');
    else if (!namespaceOf(linux, type)) report.error(path, `needs the namespace ${type} in linux.namespaces`);
  }
};

export const NAMESPACE_RULES: readonly Rule[] = [
  unique,
  names,
  mountNamespace,
  userNamespace,
  timeNamespace,
  netDevices,
  sysctls,
];
