import { expect, test } from 'vitest';
import { BRIDGE, HOST } from '../../../src/network/builtin.ts';
import type { Attachment, NetworkRecord } from '../../../src/network/types.ts';
import { describeNetworkOf, networkRow } from '../../../src/views/networks.ts';

const WEB: NetworkRecord = {
  ...BRIDGE,
  id: 'ab12'.repeat(16),
  name: 'web',
  created: '2026-11-27T22:00:00.5Z',
  pools: [
    { subnet: '10.1.0.0/24', gateway: '10.1.0.1', range: '10.1.0.128/25', reserved: { router: '10.1.0.2' } },
    { subnet: 'fd00::/64', gateway: 'fd00::1', reserved: {} },
  ],
  options: { 'com.docker.network.driver.mtu': '1400' },
  labels: { team: 'web', tier: 'a' },
};

const attachment: Attachment = {
  network: WEB.id,
  hostLink: 'tr0123456789abc',
  as: 'eth0',
  mac: '02:42:0a:01:00:80',
  addresses: ['10.1.0.128/24', 'fd00::2/64'],
  gateways: ['10.1.0.1', 'fd00::1'],
  aliases: [],
  metric: 1024,
};

test('a row of network ls', () => {
  const { Label, ...row } = networkRow({ record: WEB, endpoints: [] }, true);
  expect(row).toEqual({
    CreatedAt: expect.stringMatching(/^2026-11-2\d /),
    Driver: 'bridge',
    ID: 'ab12ab12ab12',
    IPv4: 'true',
    IPv6: 'true',
    Internal: 'false',
    Labels: 'team=web,tier=a',
    Name: 'web',
    Scope: 'local',
  });
  expect([Label('team'), Label('toString')]).toEqual(['web', '']);
  expect(networkRow({ record: HOST, endpoints: [] }, false)).toMatchObject({ ID: HOST.id, IPv4: 'true' });
});

test('network inspect, in the order of Docker’s members', () => {
  const id = 'c'.repeat(64);
  const shown = describeNetworkOf({ record: WEB, endpoints: [{ id, name: 'app', attachment }] });
  expect(JSON.stringify(shown)).toBe(
    JSON.stringify({
      Name: 'web',
      Id: WEB.id,
      Created: '2026-11-27T22:00:00.5Z',
      Scope: 'local',
      Driver: 'bridge',
      EnableIPv4: true,
      EnableIPv6: true,
      IPAM: {
        Driver: 'default',
        Options: {},
        Config: [
          {
            Subnet: '10.1.0.0/24',
            IPRange: '10.1.0.128/25',
            Gateway: '10.1.0.1',
            AuxiliaryAddresses: { router: '10.1.0.2' },
          },
          { Subnet: 'fd00::/64', Gateway: 'fd00::1' },
        ],
      },
      Internal: false,
      Attachable: false,
      Ingress: false,
      ConfigFrom: { Network: '' },
      ConfigOnly: false,
      Options: { 'com.docker.network.driver.mtu': '1400' },
      Labels: { team: 'web', tier: 'a' },
      Containers: {
        [id]: {
          Name: 'app',
          EndpointID: `0123456789abc${id}`.slice(0, 64),
          MacAddress: '02:42:0a:01:00:80',
          IPv4Address: '10.1.0.128/24',
          IPv6Address: 'fd00::2/64',
        },
      },
      Status: {
        IPAM: {
          Subnets: {
            '10.1.0.0/24': { IPsInUse: 5, DynamicIPsAvailable: 127 },
            'fd00::/64': { IPsInUse: 3, DynamicIPsAvailable: Number.MAX_SAFE_INTEGER },
          },
        },
      },
    }),
  );
});

test('what has no addresses, and who runs in it', () => {
  const shown = describeNetworkOf({ record: HOST, endpoints: [{ id: 'd'.repeat(64), name: 'app' }] });
  expect(shown).toMatchObject({ Driver: 'host', IPAM: { Options: null, Config: null }, EnableIPv4: true });
  expect(shown.Containers['d'.repeat(64)]).toEqual({
    Name: 'app',
    EndpointID: 'd'.repeat(64),
    MacAddress: '',
    IPv4Address: '',
    IPv6Address: '',
  });
});
