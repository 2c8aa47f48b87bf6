import { expect, test } from 'vitest';
import { profileText } from '../../../src/engine/apparmor.ts';

test('the default profile denies mounts and the machine’s settings, and allows the rest', () => {
  const text = profileText('p');
  expect(text).toMatch(/^profile p flags=\(attach_disconnected,mediate_deleted\) \{\n/);
  for (const rule of ['mount', '/proc/sys/** wklx', '/proc/sysrq-trigger rwklx', '/proc/kcore rwklx'])
    expect(text).toContain(`  deny ${rule},\n`);
  for (const rule of ['file', 'network', 'capability']) expect(text).toContain(`\n  ${rule},\n`);
  expect(text.match(/[{}]/g)?.join('')).toBe('{}');
});
