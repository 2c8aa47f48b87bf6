import { describe, expect, test } from 'vitest';
import { parseMountOptions } from '../../../src/plan/compile/mount-options.ts';
import {
  MOUNT_ATTR__ATIME,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_STRICTATIME,
  MS_PRIVATE,
  MS_REC,
  MS_SLAVE,
} from '../../../src/spec/linux.ts';

const NONE = parseMountOptions([]);

describe('parseMountOptions', () => {
  test('later options win', () => {
    expect(parseMountOptions(['ro', 'rw'])).toMatchObject({ set: 0, clear: MOUNT_ATTR_RDONLY });
    expect(parseMountOptions(['rw', 'ro'])).toMatchObject({ set: MOUNT_ATTR_RDONLY, clear: 0 });
    expect(parseMountOptions(['rro', 'rrw'])).toMatchObject({ recSet: 0, recClear: MOUNT_ATTR_RDONLY });
    expect(parseMountOptions(['rslave', 'rprivate']).propagation).toBe(MS_REC | MS_PRIVATE);
  });

  test('access times are one field, cleared as a whole', () => {
    const atime = (...options: string[]) => {
      const { set, clear } = parseMountOptions(options);
      return [set, clear];
    };
    expect(atime('noatime')).toEqual([MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME]);
    expect(atime('relatime')).toEqual([0, MOUNT_ATTR__ATIME]);
    expect(atime('noatime', 'strictatime')).toEqual([MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME]);
    expect(atime('strictatime', 'nostrictatime')).toEqual([0, MOUNT_ATTR__ATIME]);
    expect(atime('nodiratime', 'diratime')).toEqual([0, 0x80]);
  });

  test('the recursive ones are apart', () => {
    expect(parseMountOptions(['ro', 'rnosuid', 'rnodev', 'rnoexec'])).toMatchObject({
      set: MOUNT_ATTR_RDONLY,
      recSet: MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
    });
  });

  test.each(['relatime', 'rslave', 'rw', 'ro', 'rbind', 'remount', 'ridmap'])(
    '%s is not a recursive something else',
    (option) => {
      expect(parseMountOptions([option])).toMatchObject({ recSet: 0, recClear: 0, data: [] });
    },
  );

  test('what is not ours is for the filesystem, in order', () => {
    const options = ['size=64m', 'nosuid', 'mode=755', 'sync', 'defaults', 'silent', 'acl', 'uid=0'];
    expect(parseMountOptions(options).data).toEqual(['size=64m', 'mode=755', 'sync', 'uid=0']);
  });

  test('flags of the mount', () => {
    expect(parseMountOptions(['bind'])).toEqual({ ...NONE, bind: true });
    expect(parseMountOptions(['rbind', 'slave'])).toEqual({
      ...NONE,
      bind: true,
      recursive: true,
      propagation: MS_SLAVE,
    });
    expect(parseMountOptions(['tmpcopyup', 'idmap', 'remount'])).toEqual({
      ...NONE,
      copyUp: true,
      idmap: true,
      remount: true,
    });
    expect(parseMountOptions(undefined)).toEqual(NONE);
  });
});
