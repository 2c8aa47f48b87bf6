import { expect, test } from 'vitest';
import { BASE, VERSION } from '../../../src/network/firewall/base.ts';
import { closedElements, elementsOf } from '../../../src/network/firewall/elements.ts';
import { acceptance, legacyDrop, nftDrops } from '../../../src/network/firewall/foreign.ts';
import { elementsIn } from '../../../src/network/firewall/nft.ts';
import { addNetwork, addPorts } from '../../../src/network/firewall/steps.ts';
import type { Attachment, BoundPort, NetworkRecord } from '../../../src/network/types.ts';

const network = (more: Partial<NetworkRecord> = {}): NetworkRecord => ({
  version: 1,
  id: 'a'.repeat(64),
  name: 'front',
  created: '2026-11-27T00:00:00Z',
  driver: 'bridge',
  link: 'br0',
  pools: [
    { subnet: '172.18.0.0/16', reserved: {} },
    { subnet: 'fd00:18::/64', reserved: {} },
  ],
  internal: false,
  icc: true,
  masquerade: true,
  mtu: 1500,
  options: {},
  labels: {},
  ...more,
});

const to: Attachment = {
  network: 'a'.repeat(64),
  hostLink: 'tr1',
  as: 'eth0',
  mac: '02:42:ac:12:00:05',
  addresses: ['172.18.0.5/16', 'fd00:18::5/64'],
  gateways: [],
  aliases: [],
  metric: 1024,
};

/** `any4 tcp . 80 : 172.18.0.5 . 80` */
const words = (elements: ReturnType<typeof elementsOf>) =>
  elements.map(({ set, key, end, data }) =>
    [
      set,
      key.join(' . '),
      ...(end ? ['to', end.join(' . ')] : []),
      ...(data ? [':', data.join(' . ')] : []),
    ].join(' '),
  );

const HOME = [
  'home4 172.18.0.0 . br0 to 172.18.255.255 . br0',
  'home6 fd00:18:: . br0 to fd00:18::ffff:ffff:ffff:ffff . br0',
];
const MASQ = ['masq4 172.18.0.0 to 172.18.255.255', 'masq6 fd00:18:: to fd00:18::ffff:ffff:ffff:ffff'];

test.each<[string, Partial<NetworkRecord>, string[]]>([
  [
    'a network',
    {},
    ['bridges br0', 'same br0 . br0', HOME[0] ?? '', MASQ[0] ?? '', HOME[1] ?? '', MASQ[1] ?? ''],
  ],
  ['whose containers do not meet', { icc: false, masquerade: false }, ['bridges br0', ...HOME]],
  ['that leads nowhere', { internal: true }, ['bridges br0', 'same br0 . br0', 'internal br0', ...HOME]],
  ['without addresses', { pools: [] }, ['bridges br0', 'same br0 . br0']],
  ['without a bridge', { driver: 'macvlan' }, []],
])('%s in the table', (_, more, elements) => {
  expect(words(elementsOf(network(more), []))).toEqual(elements);
  expect(addNetwork(network(more)).flatMap(({ undo = [] }) => undo)).toHaveLength(elements.length);
});

const bound = (more: Partial<BoundPort>): BoundPort => ({
  protocol: 'tcp',
  container: 80,
  host: 8080,
  ...more,
});

test.each<[string, Partial<BoundPort>, Attachment, string[]]>([
  ['of no address', {}, to, ['any4 tcp . 8080 : 172.18.0.5 . 80', 'any6 tcp . 8080 : fd00:18::5 . 80']],
  ['of all of IPv4', { address: '0.0.0.0' }, to, ['any4 tcp . 8080 : 172.18.0.5 . 80']],
  ['of all of IPv6', { address: '::' }, to, ['any6 tcp . 8080 : fd00:18::5 . 80']],
  ['of one address', { address: '127.0.0.1' }, to, ['at4 127.0.0.1 . tcp . 8080 : 172.18.0.5 . 80']],
  ['of one of IPv6', { address: '::1' }, to, ['at6 ::1 . tcp . 8080 : fd00:18::5 . 80']],
  ['of a family it lacks', { address: '::1' }, { ...to, addresses: ['172.18.0.5/16'] }, []],
])('a port %s', (_, more, attachment, elements) => {
  const port = bound({ protocol: 'tcp', ...more });
  const published = elementsOf(network(), [{ port, to: attachment }]).filter(({ data }) => data);
  expect(words(published)).toEqual(elements);
  expect(addPorts(network(), attachment, [port])).toHaveLength(elements.length === 0 ? 0 : 1);
});

test('nobody reaches ports of an internal network, or of one that is another link of the world', () => {
  for (const more of [{ internal: true }, { driver: 'ipvlan' }] as const) {
    expect(elementsOf(network(more), [{ port: bound({}), to }]).filter(({ data }) => data)).toEqual([]);
    expect(addPorts(network(more), to, [bound({})])).toEqual([]);
  }
});

test('ways between links of others are closed in both directions', () => {
  expect(words(closedElements(['eth0', 'wlan0', 'tun0']))).toEqual([
    'closed eth0 . wlan0',
    'closed eth0 . tun0',
    'closed wlan0 . eth0',
    'closed wlan0 . tun0',
    'closed tun0 . eth0',
    'closed tun0 . wlan0',
  ]);
  expect(closedElements(['eth0'])).toEqual([]);
});

test('the version of the table is that of its text', () => {
  expect(BASE).toContain(`chain ${VERSION} {`);
  expect(BASE.replaceAll(VERSION, '')).not.toContain('chain v-');
});

test('what nft lists is read in each of its spellings', () => {
  const set = (name: string, elem: unknown) => ({ set: { name, elem } });
  const listing = [
    { metainfo: {} },
    set('bridges', ['br0', { elem: { val: 'br1', counter: {} } }]),
    set('home4', [{ concat: [{ prefix: { addr: '172.18.0.0', len: 16 } }, 'br0'] }]),
    set('masq6', [{ range: ['fd00::3', 'fd00::9'] }, 'fd00::f']),
    { map: { name: 'any4', elem: [[{ concat: [132, 7] }, { concat: ['1.2.3.4', 8] }]] } },
    set('somebody-elses', ['x']),
    set('internal', undefined),
  ];
  expect(words(elementsIn({ nftables: listing }))).toEqual([
    'bridges br0',
    'bridges br1',
    'home4 172.18.0.0 . br0 to 172.18.255.255 . br0',
    'masq6 fd00::3 to fd00::9',
    'masq6 fd00::f to fd00::f',
    'any4 sctp . 7 : 1.2.3.4 . 8',
  ]);
  expect(elementsIn(undefined)).toEqual([]);
});

const forward = (family: string, more: object = {}) => ({
  chain: { family, table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop', ...more },
});
const jump = (chain: string) => ({
  rule: {
    family: 'ip',
    table: 'filter',
    chain,
    expr: [{ counter: {} }, { jump: { target: 'TINYRUN-FORWARD' } }],
  },
});
const docker = { chain: { family: 'ip', table: 'filter', name: 'DOCKER-USER' } };
const DROP = { family: 4, variant: 'nft', chain: 'FORWARD', jumps: false };

test.each<[string, object[], object[]]>([
  ['nobody has rules', [{ metainfo: {} }], []],
  ['it accepts', [forward('ip', { policy: 'accept' })], []],
  ['it is no chain of iptables', [forward('inet'), forward('ip', { table: 'mine' })], []],
  ['it drops', [forward('ip')], [DROP]],
  ['both do', [forward('ip'), forward('ip6')], [DROP, { ...DROP, family: 6 }]],
  ['ours is there', [forward('ip'), jump('FORWARD')], [{ ...DROP, jumps: true }]],
  ['Docker is, too', [forward('ip'), docker, jump('FORWARD')], [{ ...DROP, chain: 'DOCKER-USER' }]],
  [
    'in its chain',
    [forward('ip'), docker, jump('DOCKER-USER')],
    [{ ...DROP, chain: 'DOCKER-USER', jumps: true }],
  ],
])('FORWARD of iptables: %s', (_, nftables, drops) => {
  expect(nftDrops({ nftables })).toEqual(drops);
});

test('FORWARD of iptables-legacy', () => {
  expect(legacyDrop(4, '-P INPUT ACCEPT\n-P FORWARD ACCEPT\n')).toBeUndefined();
  const drop = '-P FORWARD DROP\n-N DOCKER-USER\n-A DOCKER-USER -j TINYRUN-FORWARD\n';
  expect(legacyDrop(6, drop)).toEqual({ family: 6, variant: 'legacy', chain: 'DOCKER-USER', jumps: true });
  expect(acceptance({ family: 6, variant: 'legacy', chain: 'DOCKER-USER', jumps: false }, ['br0'])).toBe(
    '*filter\n:TINYRUN-FORWARD - [0:0]\n-A TINYRUN-FORWARD -i br0 -j ACCEPT\n-A TINYRUN-FORWARD -o br0 -j ACCEPT\n' +
      '-I DOCKER-USER -j TINYRUN-FORWARD\nCOMMIT\n',
  );
});
