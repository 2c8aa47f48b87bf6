import type { CgroupFacts, HostFacts } from '../../../src/plan/host.ts';

const ALL_CAPABILITIES = (1n << 41n) - 1n;

export const V2: CgroupFacts = {
  mode: 'v2',
  unifiedRoot: '/sys/fs/cgroup',
  controllers: ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma', 'misc'],
  v1: {},
  own: '/user.slice/session-1.scope',
};
export const HYBRID: CgroupFacts = {
  mode: 'hybrid',
  unifiedRoot: '/sys/fs/cgroup/unified',
  controllers: ['hugetlb'],
  v1: { memory: '/sys/fs/cgroup/memory', cpu: '/sys/fs/cgroup/cpu', blkio: '/sys/fs/cgroup/blkio' },
  own: '/',
};
export const NONE: CgroupFacts = { mode: 'none', controllers: [], v1: {}, own: '/' };

/** Root on a machine with cgroup v2 and no security module. */
export const ROOT: HostFacts = {
  kernel: { release: '6.1.0', major: 6, minor: 1 },
  arch: 'x64',
  uid: 0,
  gid: 0,
  capabilities: { effective: ALL_CAPABILITIES, last: 40 },
  cgroup: V2,
  apparmor: false,
  selinux: false,
  inUserns: false,
};
/** A user without any capability. */
export const ROOTLESS: HostFacts = {
  ...ROOT,
  uid: 1000,
  gid: 1000,
  capabilities: { effective: 0n, last: 40 },
};
