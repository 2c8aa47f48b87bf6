import { describe, expect, test } from 'vitest';
import { resolveUser } from '../../../../src/engine/config/user.ts';

const passwd = [
  'root:x:0:0:root:/root:/bin/sh',
  'app:x:1000:1001:App:/home/app:/bin/sh',
  '1:x:0:0:a numeric name:/evil:/bin/sh',
  '4294967296:x:0:0::/evil:/bin/sh',
  'wraps:x:4294967296:4294967296::/evil:/bin/sh',
  'huge:x:99999999999:0::/evil:/bin/sh',
  'negative:x:-1:0::/evil:/bin/sh',
  'broken',
].join('\n');
const group = ['root:x:0:', 'app:x:1001:', 'audio:x:29:app,other', 'video:x:44:app', 'bad:x:xx:app'].join(
  '\n',
);
const accounts = { passwd, group };

describe('user resolution', () => {
  test.each([
    ['', { uid: 0, gid: 0 }, '/root'],
    ['root', { uid: 0, gid: 0 }, '/root'],
    ['app', { uid: 1000, gid: 1001 }, '/home/app'],
    ['1000', { uid: 1000, gid: 1001 }, '/home/app'],
    ['1000:0', { uid: 1000, gid: 0 }, '/home/app'],
    ['app:audio', { uid: 1000, gid: 29 }, '/home/app'],
    ['1', { uid: 1, gid: 0 }, '/'],
    ['12345', { uid: 12345, gid: 0 }, '/'],
    ['2147483647', { uid: 2147483647, gid: 0 }, '/'],
    [':44', { uid: 0, gid: 44 }, '/root'],
  ])('USER %j', (text, ids, home) => {
    const resolved = resolveUser(text, accounts);
    expect(resolved.user).toMatchObject(ids);
    expect(resolved.home).toBe(home);
  });

  // CVE-2024-40635: an id that overflows must never become 0
  test.each([
    '2147483648',
    '4294967295',
    '4294967296',
    '99999999999',
    '18446744073709551616',
    '1:4294967296',
  ])('USER %s is refused', (text) => {
    expect(() => resolveUser(text, accounts)).toThrow(/range 0-2147483647/);
  });

  test.each(['nobody', 'wraps', 'huge', 'negative', 'broken', '-1', '0x0', '1e3', ' 0', 'app:none'])(
    'USER %j has no entry',
    (text) => {
      expect(() => resolveUser(text, accounts)).toThrow(/no matching entry|no group/);
    },
  );

  test('groups that list the user are added, unless a group is given', () => {
    expect(resolveUser('app', accounts).user.additionalGids).toEqual([1001, 29, 44]);
    expect(resolveUser('app:root', accounts).user.additionalGids).toEqual([0]);
    expect(resolveUser('app', accounts, ['audio', '7']).user.additionalGids).toEqual([1001, 29, 44, 7]);
  });

  test('without files numbers work and names do not', () => {
    expect(resolveUser('5:6', {}).user).toMatchObject({ uid: 5, gid: 6 });
    expect(() => resolveUser('app', {})).toThrow(/no matching entry/);
  });
});
