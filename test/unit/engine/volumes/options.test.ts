import { describe, expect, test } from 'vitest';
import { mountsOf, type PlacedVolume, placesOf } from '../../../../src/engine/config/mounts.ts';
import { below, placeOf } from '../../../../src/engine/volumes/options.ts';

const at = (options: Readonly<Record<string, string>>) => placeOf(options, '/data/v', '/c/mounts/1');
const volume = (more: object): PlacedVolume => ({
  kind: 'volume',
  name: 'v',
  target: '/m',
  source: '/data/v',
  ...more,
});

describe('options of the local driver', () => {
  test('become a mount of the container, or of the host', () => {
    expect(at({})).toEqual({ source: '/data/v' });
    const memory = volume(at({ type: 'tmpfs', device: 'tmpfs', o: 'size=1m,noexec' }));
    expect(mountsOf([memory])).toEqual([
      {
        destination: '/m',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['size=1m', 'noexec', 'rw', 'tmpcopyup'],
      },
    ]);
    const bound = volume({ ...at({ type: 'none', device: '/srv/x', o: 'bind,nosuid' }), readOnly: true });
    expect(mountsOf([bound])).toEqual([
      {
        destination: '/m',
        type: 'bind',
        source: '/srv/x',
        options: ['bind', 'nosuid', 'ro', 'rro', 'rprivate'],
      },
    ]);
    const nfs = volume(at({ type: 'nfs', device: ':/export', o: 'addr=192.0.2.7' }));
    expect(placesOf([nfs])).toEqual({
      hostMounts: [{ type: 'nfs', source: ':/export', target: '/c/mounts/1', options: ['addr=192.0.2.7'] }],
      beneath: {},
    });
    expect(mountsOf([nfs])[0]).toMatchObject({ source: '/c/mounts/1', options: ['rbind', 'rw', 'rprivate'] });
  });

  test.each([
    [{ foo: '1' }, 'invalid option: "foo"'],
    [{ type: 'tmpfs' }, 'missing required option: "device"'],
    [{ device: '/x' }, 'missing required option: "type"'],
    [{ size: '1m' }, 'quota size requested but no quota support'],
    [{ type: 'none', device: '/x' }, 'o=bind'],
    [{ type: 'none', device: 'x', o: 'bind' }, 'not an absolute path'],
  ])('%j is refused', (options, words) => {
    expect(() => at(options)).toThrow(words);
  });
});

test('a part of a volume stays below it', () => {
  expect(below({ source: '/v' }, 'a//b/')).toEqual({ source: '/v/a/b', root: '/v' });
  expect(below({ source: '/v' }, undefined)).toEqual({ source: '/v' });
  expect(below({ source: '/v' }, '.')).toEqual({ source: '/v' });
  expect(placesOf([volume(below({ source: '/v' }, 'a'))]).beneath).toEqual({ '/m': '/v' });
  for (const out of ['..', '../x', 'a/../../x', '/a'])
    expect(() => below({ source: '/v' }, out)).toThrow('relative path');
});
