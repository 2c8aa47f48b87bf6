import { expect, test } from 'vitest';
import type { StepFailure } from '../../../src/native/types.ts';
import type { Plan } from '../../../src/plan/types.ts';
import { planError } from '../../../src/runtime/failure.ts';
import { mountAt } from '../../../src/runtime/filesystem.ts';

const MOUNTS = `22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 0:25 / /proc rw,nosuid shared:5 - proc proc rw
31 22 0:40 / /srv/a\\040b rw - nfs4 host:/x rw
32 22 0:41 / /srv rw - xfs /dev/sdb rw
33 22 0:42 / /srv rw - fuse.sshfs x rw
`;

test.each([
  ['/etc', 'ext4'],
  ['/proc/self', 'proc'],
  ['/procession', 'ext4'],
  ['/srv/a b/c', 'nfs4'],
  ['/srv/x', 'fuse.sshfs'],
])('%s is on %s', (path, type) => {
  expect(mountAt(MOUNTS, path)?.type).toBe(type);
});

test('what a mount is of other mounts', () => {
  expect(mountAt(MOUNTS, '/proc')).toEqual({ path: '/proc', type: 'proc', propagation: ['shared:5'] });
  expect(mountAt(MOUNTS, '/srv')?.propagation).toEqual([]);
  expect(mountAt('', '/')).toBeUndefined();
});

test('an idmapped mount that the file system does not take names it', () => {
  const args = { path: '/proc/self', recursive: 0, userns: 3, slot: 4 };
  const plan: Plan = { steps: [{ op: 'openTree', lane: 'host', args, why: '' }] };
  const failure: StepFailure = {
    step: 0,
    syscall: 'mount_setattr',
    code: 'EINVAL',
    errno: 22,
    path: '/proc/self',
  } as StepFailure;
  expect(planError(plan, failure).message).toBe(
    'mount /proc/self with other ids: proc takes no idmapped mounts',
  );
});
