import { describe, expect, test } from 'vitest';
import { type NetworkFlags, networkOptions } from '../../../../src/cli/flags/network-create.ts';

const options = (flags: NetworkFlags) => networkOptions('web', flags);
const pools = (flags: NetworkFlags) => options(flags).pools;

test('what the flags say', () => {
  expect(options({})).toMatchObject({ name: 'web', pools: [], ipv6: undefined });
  expect(
    options({ driver: 'bridge', internal: true, ipv6: true, label: ['a=b'], opt: ['k=v'], attachable: true }),
  ).toMatchObject({
    driver: 'bridge',
    internal: true,
    ipv6: true,
    labels: { a: 'b' },
    options: { k: 'v' },
  });
  expect(options({ ipv4: false, ipv6: true, scope: 'local', ipamDriver: 'default' })).toMatchObject({
    ipv4: false,
    ipv6: true,
  });
});

describe('what is said of subnets', () => {
  test('goes to the one that it lies in', () => {
    expect(
      pools({
        subnet: ['10.1.0.0/16', 'fd00::/64'],
        ipRange: ['fd00::/80', '10.1.4.0/22'],
        gateway: ['10.1.0.9'],
        auxAddress: ['a=10.1.0.2', 'b=fd00::2'],
      }),
    ).toEqual([
      { subnet: '10.1.0.0/16', gateway: '10.1.0.9', range: '10.1.4.0/22', reserved: { a: '10.1.0.2' } },
      { subnet: 'fd00::/64', range: 'fd00::/80', reserved: { b: 'fd00::2' } },
    ]);
    // what the engine is to refuse by its name
    expect(pools({ subnet: ['10.1.0.0/16'], gateway: ['x'] })).toMatchObject([{ gateway: 'x' }]);
    expect(pools({ subnet: ['10.1.0.5/16'], gateway: ['10.1.9.9'] })).toMatchObject([
      { gateway: '10.1.9.9' },
    ]);
  });

  test.each<[NetworkFlags, string]>([
    [{ gateway: ['10.1.0.1'] }, 'every ip-range or gateway must have a corresponding subnet'],
    [{ ipRange: ['10.1.0.0/24'] }, 'every ip-range or gateway must have a corresponding subnet'],
    [{ subnet: ['10.0.0.0/8', '10.1.0.0/16'] }, 'multiple overlapping subnet configuration is not supported'],
    [{ subnet: ['10.1.0.0/16'], gateway: ['10.2.0.1'] }, 'no matching subnet for gateway 10.2.0.1'],
    [{ subnet: ['10.1.0.0/16'], ipRange: ['10.2.0.0/24'] }, 'no matching subnet for range 10.2.0.0/24'],
    [{ subnet: ['10.1.0.0/16'], auxAddress: ['a=10.2.0.1'] }, 'no matching subnet for aux-address 10.2.0.1'],
    [
      { subnet: ['10.1.0.0/16', 'fd00::/64'], gateway: ['10.1.0.1', '10.1.0.2'] },
      'cannot configure multiple gateways (10.1.0.2, 10.1.0.1) for the same subnet (10.1.0.0/16)',
    ],
    [
      { subnet: ['10.1.0.0/16', 'fd00::/64'], ipRange: ['10.1.0.0/24', '10.1.1.0/24'] },
      'cannot configure multiple ranges (10.1.1.0/24, 10.1.0.0/24) on the same subnet (10.1.0.0/16)',
    ],
    [{ subnet: ['10.1.0.0/16'], auxAddress: ['10.1.0.2'] }, '--aux-address "10.1.0.2": not NAME=ADDRESS'],
  ])('%j', (flags, message) => {
    expect(() => pools(flags)).toThrow(message);
  });
});

test.each<[NetworkFlags, RegExp]>([
  [{ ingress: true }, /^--ingress: it is for clusters/],
  [{ configOnly: true }, /^--config-only: it is for clusters/],
  [{ configFrom: 'x' }, /^--config-from: it is for clusters/],
  [{ scope: 'swarm' }, /^--scope "swarm": local is the one there is$/],
  [{ ipamDriver: 'dhcp' }, /^--ipam-driver "dhcp": plugin not found$/],
  [{ ipamOpt: ['a=b'] }, /^--ipam-opt: /],
  [{ opt: ['=x'] }, /^--opt "=x": no key$/],
])('refused: %j', (flags, message) => {
  expect(() => options(flags)).toThrow(message);
});
