import { type Capability, capabilityNumber } from '../spec/linux.ts';

/** How the host mounts its control groups; cgroups(7). `hybrid`: v1 controllers beside a cgroup2. */
export type CgroupMode = 'v2' | 'hybrid' | 'v1' | 'none';

export interface CgroupFacts {
  readonly mode: CgroupMode;
  /** Where cgroup2 is mounted: /sys/fs/cgroup, or /sys/fs/cgroup/unified on a hybrid host; absent in v1 and none. */
  readonly unifiedRoot?: string;
  /** `cgroup.controllers` of the cgroup2 root (as seen at `unifiedRoot`). */
  readonly controllers: readonly string[];
  /** v1 controllers and where each is mounted: { memory: '/sys/fs/cgroup/memory' }. */
  readonly v1: Readonly<Record<string, string>>;
  /** This process's own cgroup2 path, the `0::` line of /proc/self/cgroup: '/user.slice/…', '/' at the root. */
  readonly own: string;
}

/** What the compiler must know of the host: plain data, gathered once by the runtime. */
export interface HostFacts {
  readonly kernel: { readonly release: string; readonly major: number; readonly minor: number };
  /** process.arch: 'x64' | 'arm64'. */
  readonly arch: string;
  readonly uid: number;
  readonly gid: number;
  /** Effective capabilities of this process and CAP_LAST_CAP. */
  readonly capabilities: { readonly effective: bigint; readonly last: number };
  readonly cgroup: CgroupFacts;
  /** /sys/module/apparmor/parameters/enabled says Y. */
  readonly apparmor: boolean;
  /** /sys/fs/selinux is there. */
  readonly selinux: boolean;
  /** /sys/devices/system/cpu/cpuN/thermal_throttle, one for each processor of a host that has them. */
  readonly thermalThrottle?: readonly string[];
  /** Whether this process is in a user namespace of somebody else's making (its uid_map is not the identity). */
  readonly inUserns: boolean;
}

/** Kernel `host` is at least `major.minor`. */
export function kernelAtLeast(host: HostFacts, major: number, minor: number): boolean {
  return host.kernel.major > major || (host.kernel.major === major && host.kernel.minor >= minor);
}

/** Whether this process has a capability: effective is what the kernel asks for. */
export function holds({ capabilities }: HostFacts, capability: Capability): boolean {
  return ((capabilities.effective >> BigInt(capabilityNumber(capability))) & 1n) === 1n;
}
