import { describe, expect, test } from 'vitest';
import type { ContainerRecord, ContainerView } from '../../../src/engine/record.ts';
import { TinyrunError } from '../../../src/errors.ts';
import { asksForAll, containerFilter, type Lookup } from '../../../src/views/container-filter.ts';
import { HEADERS, rowOf } from '../../../src/views/containers.ts';

const RECORD: ContainerRecord = {
  version: 2,
  id: 'abcdef012345'.padEnd(64, '6'),
  name: 'web-1',
  created: '2026-01-02T03:04:05.000Z',
  config: { image: 'shop:1' },
  image: { id: 'sha256:aaa', layers: [] },
  argv: ['sh', '-c', 'sleep 1000 && true'],
  hostname: 'h',
  labels: { team: 'web', 'com.example.tier-name': 'x=y', empty: '' },
  stopSignal: 15,
  mounts: [
    { source: '/srv/a/very/long/path', destination: '/data' },
    { source: '/x', destination: '/y' },
  ],
};
const NOW = Date.parse('2026-01-02T03:09:05.000Z');
const view = (record: Partial<ContainerRecord> = {}, status: ContainerView['status'] = 'running') => ({
  record: { ...RECORD, ...record },
  status,
});
const exit = (code: number) => ({ code, finished: '2026-01-02T03:08:05.000Z', oomKilled: false });

describe('rows of ps', () => {
  test('docker’s members, all of them', () => {
    const { Label, ...row } = rowOf(view(), { truncate: true, now: NOW });
    expect(row).toEqual({
      Command: '"sh -c \'sleep 1000 &…"',
      CreatedAt: '2026-01-02 03:04:05 +0000 UTC',
      ID: 'abcdef012345',
      Image: 'shop:1',
      Labels: 'team=web,com.example.tier-name=x=y,empty=',
      LocalVolumes: '0',
      Mounts: '/srv/a/very/lo…,/x',
      Names: 'web-1',
      Networks: 'bridge',
      Platform: null,
      Ports: '',
      RunningFor: '5 minutes ago',
      Size: '0B',
      State: 'running',
      Status: 'Up 5 minutes',
    });
    expect(Label('team')).toBe('web');
    expect(Label('toString')).toBe('');
    expect(HEADERS.Label('com.example.tier-name')).toBe('tier name');
  });

  test('whole, with sizes, ended, without mounts, in the network of another container', () => {
    const config = { image: 'shop:1', network: { container: 'db' } };
    const ended = view({ config, mounts: [], exit: exit(3) }, 'exited');
    const sizes = { own: 300, virtual: 1_980_300 };
    expect(rowOf(ended, { truncate: false, sizes, now: NOW })).toMatchObject({
      ID: RECORD.id,
      Command: '"sh -c \'sleep 1000 && true\'"',
      Mounts: '',
      Networks: '',
      Size: '300B (virtual 1.98MB)',
      Status: 'Exited (3) About a minute ago',
    });
  });
});

test('the status of one that was made, started again, could not be', () => {
  const statusOf = (...given: Parameters<typeof view>) =>
    rowOf(view(...given), { truncate: true, now: NOW }).Status;
  const failure = { code: 127, message: 'not found' };
  expect(statusOf({ wanted: 'stopped', failure }, 'created')).toBe('Created');
  expect(statusOf({ wanted: 'running', started: '2026-01-02T03:09:00.000Z' })).toBe('Up 5 seconds');
  expect(statusOf({ exit: exit(3), failure }, 'exited')).toBe('Exited (127) About a minute ago');
});

describe('filters of ps', () => {
  const older = view({ id: 'b'.repeat(64), name: 'old', created: '2026-01-01T00:00:00.000Z' });
  const lookup: Lookup = {
    container: (text) => {
      if (text === 'old') return older;
      if (text === 'web-1') return view();
      throw new TinyrunError('CONTAINER_NOT_FOUND', `no such container: ${text}`);
    },
    family: (text) => new Set(text === 'base' ? ['sha256:base', 'sha256:aaa'] : []),
  };
  const matches = (filters: string[], of: ContainerView = view()) => containerFilter(filters, lookup)(of);

  // [filters, whether the container of RECORD is listed]; the words and results are dockerd's
  test.each<[string[], boolean]>([
    [['name=web'], true],
    [['name=eb-'], true],
    [['name=^web-1$'], true],
    [['name=^/web-1$'], true],
    [['name=/web'], true],
    [['name=^w.b-[0-9]$'], true],
    [['name=^b'], false],
    [['name=WEB'], false],
    [['name=(?i)WEB'], true],
    [['name=['], false],
    [['name=nosuch', 'name=web'], true],
    [['id=abc'], true],
    [['id=bcd'], false],
    [['label=team'], true],
    [['label=team=web'], true],
    [['label=team=db'], false],
    [['label=com.example.tier-name=x=y'], true],
    [['label=empty'], true],
    [['label=empty='], true],
    [['label=toString'], false],
    [['label=constructor='], false],
    [['label=team', 'label=nosuch'], false],
    [['label!=team'], false],
    [['label!=team=db'], true],
    [['label!=nosuch', 'label!=other'], true],
    [['label!=nosuch', 'label!=team'], false],
    [['status=running'], true],
    [['status=exited'], false],
    [['status=exited', 'status=running'], true],
    [['status=dead'], false],
    [['health=none'], true],
    [['health=healthy'], false],
    [['exited=0'], false],
    [['ancestor=base'], true],
    [['ancestor=shop:1'], true],
    [['ancestor=shop'], false],
    [['since=old'], true],
    [['before=old'], false],
    [['before=web-1'], false],
    [['volume=/x'], true],
    [['volume=/data'], true],
    [['volume=/da'], false],
    [['network=bridge'], true],
    [['network=host'], false],
    [['NAME=web', ''], true],
    [['name=web', 'status=exited'], false],
  ])('%j: %s', (filters, listed) => expect(matches(filters)).toBe(listed));

  test('exited is the code of one that has ended', () => {
    expect(matches(['exited=3'], view({ exit: exit(3) }, 'exited'))).toBe(true);
    expect(matches(['exited=0'], view({}, 'created'))).toBe(false);
    // of its last start, where it has run before
    const failure = { code: 127, message: 'not found' };
    expect(matches(['exited=127'], view({ exit: exit(3), failure }, 'exited'))).toBe(true);
    expect(matches(['exited=127'], view({ failure }, 'created'))).toBe(false);
  });

  test.each([
    ['status=bogus', 'USAGE', "invalid filter 'status=bogus'"],
    ['health=bogus', 'USAGE', "invalid filter 'health=bogus'"],
    ['exited=x', 'USAGE', "invalid filter 'exited=x'"],
    ['bogus=1', 'USAGE', "invalid filter 'bogus'"],
    ['toString=1', 'USAGE', "invalid filter 'tostring'"],
    ['before=nosuch', 'CONTAINER_NOT_FOUND', 'no such container: nosuch'],
    ['nope', 'FLAG', 'bad format of filter "nope": expected name=value'],
    ['=x', 'FLAG', 'bad format of filter "=x": expected name=value'],
  ])('%s is refused, whatever is listed', (filter, code, message) => {
    expect(() => containerFilter([filter], lookup)).toThrow(expect.objectContaining({ code, message }));
  });

  test('only a state asks for what has ended', () => {
    expect(asksForAll(['status=exited'])).toBe(true);
    expect(asksForAll(['exited=0', 'name=x', ''])).toBe(false);
  });
});
