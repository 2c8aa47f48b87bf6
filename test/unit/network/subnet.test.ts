import { describe, expect, test } from 'vitest';
import {
  firstHost,
  freeSubnet,
  holds,
  isHostOf,
  networkOf,
  nthOf,
  overlap,
  readCidr,
  sizeOf,
  sizeOnly,
  ulaOf,
} from '../../../src/network/subnet.ts';

test.each([
  ['10.0.0.5/24', '10.0.0.5/24'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['10.0.0.0/33', undefined],
  ['10.0.0.0/024', undefined],
  ['10.0.0.0', undefined],
  ['10.0.0/24', undefined],
  ['fd00:0:0:0::5/64', 'fd00::5/64'],
  ['FD00::/128', 'fd00::/128'],
  ['fd00::/129', undefined],
  ['fd00::%eth0/64', undefined],
  ['/24', undefined],
  ['', undefined],
])('%s is %s', (text, cidr) => {
  expect(readCidr(text)).toBe(cidr);
});

test('the network of an address', () => {
  expect(networkOf('10.0.3.5/22')).toBe('10.0.0.0/22');
  expect(networkOf('10.0.3.5/32')).toBe('10.0.3.5/32');
  expect(networkOf('255.255.255.255/0')).toBe('0.0.0.0/0');
  expect(networkOf('fd12:3456:789a:1:2:3:4:5/64')).toBe('fd12:3456:789a:1::/64');
});

test.each([
  ['10.0.0.0/8', '10.1.0.0/16', true, true],
  ['10.1.0.0/16', '10.0.0.0/8', true, false],
  ['10.0.0.0/24', '10.0.1.0/24', false, false],
  ['10.0.0.0/23', '10.0.1.0/24', true, true],
  ['0.0.0.0/0', 'fd00::/8', false, false],
  ['fd00::/8', 'fd00:1::/64', true, true],
  ['10.0.0.1/32', '10.0.0.1/32', true, true],
])('%s and %s', (a, b, meet, all) => {
  expect(overlap(a, b)).toBe(meet);
  expect(overlap(b, a)).toBe(meet);
  expect(holds(a, b)).toBe(all);
});

test('addresses of a subnet', () => {
  expect(sizeOf('10.0.0.0/30')).toBe(4n);
  expect(sizeOf('fd00::/64')).toBe(2n ** 64n);
  expect(nthOf('10.0.0.0/16', 257)).toBe('10.0.1.1');
  expect(nthOf('fd00::/64', 65_536)).toBe('fd00::1:0');
  expect(firstHost('10.0.0.0/24')).toBe('10.0.0.1');
  expect(firstHost('10.0.0.0/31')).toBe('10.0.0.0');
  expect(firstHost('10.0.0.7/32')).toBe('10.0.0.7');
  const hosts = ['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', 'fd00::1'];
  expect(hosts.filter((each) => isHostOf(each, '10.0.0.0/30'))).toEqual(['10.0.0.1', '10.0.0.2']);
  expect(hosts.filter((each) => isHostOf(each, '10.0.0.0/31'))).toEqual(['10.0.0.0', '10.0.0.1']);
  expect(isHostOf('fd00::ffff:ffff:ffff:ffff', 'fd00::/64')).toBe(true);
  expect(isHostOf('fd00::', 'fd00::/64')).toBe(false);
});

test.each([
  ['/24', { family: 4, prefix: 24 }],
  ['0.0.0.0/20', { family: 4, prefix: 20 }],
  ['::/64', { family: 6, prefix: 64 }],
  ['/64', { family: 6, prefix: 64 }],
  ['::/16', { family: 6, prefix: 16 }],
  ['0.0.0.0/33', undefined],
  ['/0', undefined],
  ['/129', undefined],
  ['10.0.0.0/24', undefined],
])('by its size alone: %s', (text, size) => {
  expect(sizeOnly(text)).toEqual(size);
});

describe('a free subnet', () => {
  const ula = ulaOf('0123456789');
  const free = (taken: string[], prefix?: number, family: 4 | 6 = 4) =>
    freeSubnet(family, taken, { ula, prefix });

  test('in the order of the stock', () => {
    expect(free([])).toBe('172.17.0.0/16');
    expect(free(['172.17.0.0/16', '172.18.5.0/24'])).toBe('172.19.0.0/16');
    expect(free(['172.16.0.0/12'])).toBe('192.168.0.0/20');
    expect(free(['172.16.0.0/12', '192.168.1.0/24', '192.168.31.255/32'])).toBe('192.168.32.0/20');
    expect(free(['172.16.0.0/12', '192.168.0.0/16'])).toBeUndefined();
    expect(free(['fd00::/8'])).toBe('172.17.0.0/16');
  });

  test('each once, as many as there are', () => {
    const taken: string[] = [];
    for (let next = free(taken); next; next = free(taken)) taken.push(next);
    expect(taken).toHaveLength(15 + 16);
    expect(taken.at(-1)).toBe('192.168.240.0/20');
    for (const [index, one] of taken.entries())
      expect(taken.slice(index + 1).some((other) => overlap(one, other))).toBe(false);
  });

  test('of another size', () => {
    expect(free([], 24)).toBe('172.17.0.0/24');
    expect(free(['172.17.0.0/16'], 24)).toBe('172.18.0.0/24');
    expect(free(['172.17.0.0/24', '172.17.1.128/25'], 24)).toBe('172.17.2.0/24');
    expect(free([], 18)).toBe('172.17.0.0/18');
    expect(free(['172.16.0.0/12'], 18)).toBe('192.168.0.0/18');
    expect(free([], 8)).toBeUndefined();
  });

  test('of IPv6: the host’s own, one of 65,536', () => {
    expect(ula).toBe('fd01:2345:6789::/48');
    expect(free([], undefined, 6)).toBe('fd01:2345:6789::/64');
    expect(free(['fd01:2345:6789::/64'], undefined, 6)).toBe('fd01:2345:6789:1::/64');
    expect(free(['fd01:2345:6789::/49'], undefined, 6)).toBe('fd01:2345:6789:8000::/64');
    expect(free(['fd01:2345:6789::/48'], undefined, 6)).toBeUndefined();
    expect(free([], 80, 6)).toBe('fd01:2345:6789::/80');
  });
});
