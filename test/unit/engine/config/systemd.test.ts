import { expect, test } from 'vitest';
import { isSystemd } from '../../../../src/engine/config/systemd.ts';
import type { ContainerConfig } from '../../../../src/engine/config/types.ts';
import { checkSystemd, checkSystemdUser, forSystemd, isNested } from '../../../../src/engine/systemd.ts';

const CGROUPS = {
  mode: 'hybrid',
  unifiedRoot: '/sys/fs/cgroup/unified',
  controllers: [],
  v1: {},
  own: '/',
} as const;
const MODES = {
  pid: 'private',
  ipc: 'private',
  uts: 'private',
  cgroup: 'private',
  network: 'private',
  mount: 'private',
  user: 'host',
  time: 'host',
} as const;

test.each<[Partial<ContainerConfig>, string, boolean]>([
  [{}, '/sbin/init', true],
  [{}, '/usr/sbin/init', true],
  [{}, '/usr/local/sbin/init', true],
  [{}, '/lib/systemd/systemd', true],
  [{}, 'systemd', true],
  [{}, 'init', false],
  [{}, '/bin/sh', false],
  [{}, '/opt/systemd-like', false],
  [{ systemd: true }, '/sbin/init', true],
  [{ systemd: true }, 'sh', false],
  [{ systemd: false }, '/sbin/init', false],
  [{ systemd: 'always' }, 'sh', true],
  // it would not be PID 1
  [{ init: true }, '/sbin/init', false],
  [{ namespaces: { pid: 'host' } }, '/sbin/init', false],
])('%j of %s: %s', (config, program, expected) => {
  expect(isSystemd({ image: 'x', ...config }, [program, '--flag'])).toBe(expected);
});

test.each<[Partial<ContainerConfig>, object, string]>([
  [{ init: true }, {}, 'init: systemd is PID 1 itself'],
  [{}, { pid: 'host' }, 'namespaces.pid: systemd is PID 1 in a pid namespace of its own only'],
  [{}, { cgroup: 'host' }, 'namespaces.cgroup: systemd divides a cgroup of its own'],
  [{}, { user: 'private' }, 'namespaces.user: a cgroup cannot be handed to other users yet'],
])('insisted on, %j with %j is refused', (config, modes, words) => {
  expect(() => checkSystemd({ image: 'x', ...config }, { ...MODES, ...modes }, CGROUPS)).toThrow(words);
});

test('on a host without cgroup v2 it is refused, and whoever is taken for it has no cgroup to write to', () => {
  const v1 = { mode: 'v1', controllers: [], v1: {}, own: '/' } as const;
  expect(() => checkSystemd({ image: 'x' }, MODES, v1)).toThrow('systemd: the host has no cgroup v2');
  expect(isNested(MODES, v1)).toBe(false);
  expect(isNested(MODES, CGROUPS)).toBe(true);
  expect(forSystemd('a'.repeat(64), [], MODES, v1).divides).toBe(false);
});

test('insisted on, it is root', () => {
  const user = { user: { uid: 5, gid: 5 }, home: '/' };
  expect(() => checkSystemdUser({ image: 'x', systemd: 'always' }, user)).toThrow('not as user 5');
  checkSystemdUser({ image: 'x' }, user);
});

test('what is mounted already stays, and without a cgroup of its own none is divided', () => {
  const targets = (mounted: string[], modes: object) => {
    const { mounts, divides } = forSystemd('a'.repeat(64), mounted, { ...MODES, ...modes }, CGROUPS);
    return [mounts.map(({ destination }) => destination), divides];
  };
  expect(targets(['/tmp', '/x'], {})).toEqual([['/run', '/run/lock', '/var/log/journal'], true]);
  expect(targets(['/run', '/run/lock', '/tmp', '/var/log/journal'], { cgroup: 'host' })).toEqual([[], false]);
  expect(forSystemd('ab'.repeat(32), [], MODES, CGROUPS).env).toEqual([
    'container=tinyrun',
    `container_uuid=${'ab'.repeat(16)}`,
  ]);
});
