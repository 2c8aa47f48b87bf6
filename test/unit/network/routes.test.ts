import { expect, test } from 'vitest';
import { nearRoutes, readRoutes4, readRoutes6, uplinkMtu } from '../../../src/network/routes.ts';

const FOUR = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
tun0\t00000080\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
br0\t0000FE0A\t00000000\t0001\t0\t0\t0\t0000FEFF\t0\t0\t0
`;
const SIX = `fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000002 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000000000000000000000000000001 00000400 00000002 00000000 00000003     eth0
00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001       lo
ff000000000000000000000000000000 08 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000002 00000000 00000001     eth0
`;

test('as the kernel writes them', () => {
  expect(readRoutes4(FOUR)).toEqual([
    { to: '0.0.0.0/0', device: 'eth0' },
    { to: '128.0.0.0/1', device: 'tun0' },
    { to: '192.0.2.0/24', device: 'eth0' },
    { to: '10.254.0.0/15', device: 'br0' },
  ]);
  expect(readRoutes6(SIX).map(({ to }) => to)).toEqual([
    'fd00::/64',
    'fe80::/64',
    '::/0',
    '::1/128',
    'ff00::/8',
  ]);
  expect([readRoutes4(''), readRoutes6('nonsense')]).toEqual([[], []]);
});

test('a network of one’s own is in the way of some', () => {
  expect(nearRoutes([...readRoutes4(FOUR), ...readRoutes6(SIX)]).map(({ to }) => to)).toEqual([
    '192.0.2.0/24',
    '10.254.0.0/15',
    'fd00::/64',
  ]);
});

test('without an uplink 1500 bytes', () => {
  expect(uplinkMtu([])).toBe(1500);
  expect(uplinkMtu([{ to: '0.0.0.0/0', device: 'no-such-link' }])).toBe(1500);
});
