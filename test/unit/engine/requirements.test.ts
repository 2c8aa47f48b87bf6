import { expect, test } from 'vitest';
import { checkHost } from '../../../src/engine/requirements.ts';
import type { HostFacts } from '../../../src/plan/host.ts';

const host = (major: number, minor: number, effective: bigint): HostFacts => ({
  kernel: { release: `${major}.${minor}.0`, major, minor },
  arch: 'x64',
  uid: 0,
  gid: 0,
  capabilities: { effective, last: 40 },
  cgroup: { mode: 'none', controllers: [], v1: {}, own: '/' },
  apparmor: false,
  selinux: false,
  inUserns: false,
});

test('kernel and capability are named', () => {
  expect(() => checkHost(host(5, 10, ~0n))).toThrow(
    'Linux 5.10.0 is too old: mount_setattr(2) came with 5.12',
  );
  expect(() => checkHost(host(5, 12, 0n))).toThrow('lacks CAP_SYS_ADMIN');
  expect(() => checkHost(host(5, 12, 1n << 21n))).not.toThrow();
});
