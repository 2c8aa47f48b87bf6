import { existsSync, readdirSync } from 'node:fs';
import { native } from '../native/index.ts';
import type { CgroupFacts, HostFacts } from '../plan/host.ts';
import { CGROUP2_SUPER_MAGIC } from '../spec/linux.ts';
import { readIfAny } from '../store/read.ts';

const CGROUP_ROOT = '/sys/fs/cgroup';
const PROCESSORS = '/sys/devices/system/cpu';
const APPARMOR = '/sys/module/apparmor/parameters/enabled';

const textOf = (path: string): string => readIfAny(path) ?? '';

/** `6.18.1-foo` → its numbers. */
export function parseRelease(text: string): HostFacts['kernel'] {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return { release: text, major: Number(major ?? 0), minor: Number(minor ?? 0) };
}

/** The path after `0::` of /proc/self/cgroup, '/' where there is none; cgroups(7). */
export function parseOwnCgroup(text: string): string {
  const line = text.split('\n').find((entry) => entry.startsWith('0::'));
  return line === undefined ? '/' : line.slice(3) || '/';
}

/** Whether /proc/self/uid_map maps anything but every id onto itself; user_namespaces(7). */
export function isIdentityMap(text: string): boolean {
  return text.trim() === '' || /^0\s+0\s+4294967295$/.test(text.trim());
}

function isCgroup2(path: string): boolean {
  try {
    return native().statfsType(path) === CGROUP2_SUPER_MAGIC;
  } catch {
    return false;
  }
}

function legacyControllers(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(CGROUP_ROOT)) {
    if (entry === 'unified' || !existsSync(`${CGROUP_ROOT}/${entry}/cgroup.procs`)) continue;
    for (const controller of entry.split(',')) found[controller] = `${CGROUP_ROOT}/${entry}`;
  }
  return found;
}

function controllersOf(root: string): string[] {
  return textOf(`${root}/cgroup.controllers`).split(/\s+/).filter(Boolean);
}

function cgroupFacts(): CgroupFacts {
  const own = parseOwnCgroup(textOf('/proc/self/cgroup'));
  if (isCgroup2(CGROUP_ROOT)) {
    return { mode: 'v2', unifiedRoot: CGROUP_ROOT, controllers: controllersOf(CGROUP_ROOT), v1: {}, own };
  }
  if (!existsSync(CGROUP_ROOT)) return { mode: 'none', controllers: [], v1: {}, own };
  const v1 = legacyControllers();
  const unifiedRoot = `${CGROUP_ROOT}/unified`;
  if (isCgroup2(unifiedRoot)) {
    return { mode: 'hybrid', unifiedRoot, controllers: controllersOf(unifiedRoot), v1, own };
  }
  return { mode: Object.keys(v1).length > 0 ? 'v1' : 'none', controllers: [], v1, own };
}

/** Counts of a processor's heat; the driver has it for all of them or for none, and what is missing is no trouble to mask. */
export function thermalThrottle(processors: string): string[] {
  const of = (cpu: string): string => `${processors}/${cpu}/thermal_throttle`;
  if (!existsSync(of('cpu0'))) return [];
  return readdirSync(processors)
    .filter((name) => /^cpu\d+$/.test(name))
    .map(of);
}

/** Processors or memory nodes of the whole machine, as cpuset(7) lists them; undefined where it does not tell. */
export function machineSet({ unifiedRoot, v1 }: CgroupFacts, kind: 'cpus' | 'mems'): string | undefined {
  const files = [
    ...(unifiedRoot === undefined ? [] : [`${unifiedRoot}/cpuset.${kind}.effective`]),
    ...(v1.cpuset === undefined ? [] : [`${v1.cpuset}/cpuset.${kind}`]),
    kind === 'cpus' ? `${PROCESSORS}/online` : '/sys/devices/system/node/online',
  ];
  return files.map((file) => textOf(file).trim()).find((list) => list !== '');
}

function gather(): HostFacts {
  const { effective, last } = native().capabilities();
  return {
    kernel: parseRelease(textOf('/proc/sys/kernel/osrelease').trim()),
    arch: process.arch,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    capabilities: { effective, last },
    cgroup: cgroupFacts(),
    apparmor: existsSync(APPARMOR) && textOf(APPARMOR).startsWith('Y'),
    selinux: existsSync('/sys/fs/selinux/enforce'),
    thermalThrottle: thermalThrottle(PROCESSORS),
    inUserns: !isIdentityMap(textOf('/proc/self/uid_map')),
  };
}

let cached: HostFacts | undefined;

/**
 * What the compiler must know of this host; gathered once per process, about ten small reads.
 * @example
 * console.log(hostFacts().kernel.major >= 5); // true
 */
export function hostFacts(): HostFacts {
  cached ??= gather();
  return cached;
}
