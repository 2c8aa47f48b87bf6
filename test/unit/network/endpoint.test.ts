import { expect, test } from 'vitest';
import {
  bestGateway,
  interfaceName,
  macOf,
  metricBetween,
  metricsOf,
  newHostLink,
} from '../../../src/network/endpoint.ts';
import type { Attachment } from '../../../src/network/types.ts';

test('a host link is as long as the kernel takes a name, and never the last one', () => {
  const names = new Set(Array.from({ length: 100 }, newHostLink));
  expect(names.size).toBe(100);
  for (const name of names) expect(name).toMatch(/^tr[0-9a-f]{13}$/);
});

test("a MAC is Docker's: 02:42 and the IPv4 address", () => {
  expect(macOf(['172.18.0.5/16'])).toBe('02:42:ac:12:00:05');
  expect(macOf(['fd00::5/64', '10.0.0.255/8'])).toBe('02:42:0a:00:00:ff');
  expect(macOf(['fd00::1:2:3/64'])).toBe('02:42:00:02:00:03');
  expect(macOf([])).toMatch(/^02:42(:[0-9a-f]{2}){4}$/);
});

test('interfaces take the first free number', () => {
  expect(interfaceName([])).toBe('eth0');
  expect(interfaceName(['eth0', 'eth2'])).toBe('eth1');
});

test('the default route goes by priority, then by name', () => {
  const metrics = metricsOf([
    { network: 'b', priority: 0 },
    { network: 'c', priority: 5 },
    { network: 'a', priority: 0 },
    { network: 'd', priority: -1 },
  ]);
  expect([...metrics].sort(([, one], [, other]) => one - other).map(([name]) => name)).toEqual([
    'c',
    'a',
    'b',
    'd',
  ]);
});

test('one more comes between its neighbours, and changes none of them', () => {
  const others = [
    { network: 'a', priority: 1, metric: 1024 },
    { network: 'c', priority: 0, metric: 2048 },
  ];
  expect(metricBetween(others, { network: 'b', priority: 1 })).toBe(1536);
  expect(metricBetween(others, { network: 'z', priority: 9 })).toBe(512);
  expect(metricBetween(others, { network: 'z', priority: 0 })).toBe(3072);
  expect(metricBetween([], { network: 'z', priority: 0 })).toBe(1024);
});

test('the way out of a family is that of the lowest metric which has one', () => {
  const [eth0, eth1] = [
    { as: 'eth0', metric: 1024, gateways: ['fd00::1'] },
    { as: 'eth1', metric: 2048, gateways: ['172.18.0.1', 'fd01::1'] },
  ] as unknown as [Attachment, Attachment];
  expect(bestGateway([eth1, eth0], 6)).toEqual({ attachment: eth0, gateway: 'fd00::1' });
  expect(bestGateway([eth1, eth0], 4)).toEqual({ attachment: eth1, gateway: '172.18.0.1' });
  expect(bestGateway([eth0], 4)).toBeUndefined();
});
