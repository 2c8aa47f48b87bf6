import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { defaultProfile, profileText } from '../../../src/engine/apparmor.ts';
import { ROOT } from '../../golden/plan/hosts.ts';

test('the default profile denies mounts and the machine’s settings, and allows the rest', () => {
  const text = profileText('p');
  expect(text).toMatch(/^profile p flags=\(attach_disconnected,mediate_deleted\) \{\n/);
  for (const rule of ['mount', '/proc/sys/** wklx', '/proc/sysrq-trigger rwklx', '/proc/kcore rwklx'])
    expect(text).toContain(`  deny ${rule},\n`);
  for (const rule of ['file', 'network', 'capability']) expect(text).toContain(`\n  ${rule},\n`);
  expect(text.match(/[{}]/g)?.join('')).toBe('{}');
});

test('there is none without AppArmor, or without the right to load it', async () => {
  expect(await defaultProfile({ ...ROOT, apparmor: false })).toBeUndefined();
  if (existsSync('/sys/kernel/security/apparmor')) return;
  // no securityfs here: nothing could be loaded, and so nothing is compiled
  expect(await defaultProfile({ ...ROOT, apparmor: true })).toBeUndefined();
});
