import { expect, test } from 'vitest';
import { BRIDGE } from '../../../../src/network/builtin.ts';
import { examine } from '../../../../src/network/diagnose/examine.ts';
import type {
  ContainerFacts,
  DiagnoseFacts,
  Question,
  Side,
  SpaceFacts,
} from '../../../../src/network/diagnose/facts.ts';
import { foreignChains, legacyChainsOf } from '../../../../src/network/diagnose/foreign.ts';
import { listenersOf, neighboursOf, serversOf } from '../../../../src/network/diagnose/gather.ts';
import { elementsOf } from '../../../../src/network/firewall/elements.ts';
import type { Attachment, NetworkRecord } from '../../../../src/network/types.ts';

// Every check by facts alone: a host on which all is well, and one thing of it changed.

const FRONT: NetworkRecord = {
  ...BRIDGE,
  id: 'f'.repeat(64),
  name: 'front',
  link: 'br-front',
  pools: [{ subnet: '172.18.0.0/16', gateway: '172.18.0.1', reserved: {} }],
};
const BACK: NetworkRecord = {
  ...FRONT,
  id: 'b'.repeat(64),
  name: 'back',
  link: 'br-back',
  internal: true,
  pools: [{ subnet: '172.19.0.0/16', reserved: {} }],
};

const attached = (network: NetworkRecord, last: number): Attachment => ({
  network: network.id,
  hostLink: `tr${last}${network.name}`,
  as: 'eth0',
  mac: `02:42:ac:12:00:0${last}`,
  addresses: [`${network.pools[0]?.subnet.replace(/0\.0\/16$/, `0.${last}`)}/16`],
  gateways: network.internal ? [] : ['172.18.0.1'],
  aliases: [],
  metric: 1024,
});

const WEB = attached(FRONT, 2);
const APP = attached(FRONT, 3);
const FAR = attached(BACK, 2);

const container = (
  name: string,
  attachments: Attachment[],
  more: Partial<ContainerFacts> = {},
): ContainerFacts => ({
  id: name.padEnd(64, '0'),
  name,
  status: 'running',
  mode: 'networks',
  attachments,
  ports: [],
  links: {},
  aliases: {},
  ...more,
});

const PORT = { protocol: 'tcp', container: 80, host: 8080 } as const;
const web = container('web', [WEB], { ports: [PORT] });
const app = container('app', [APP]);
const far = container('far', [FAR]);

const spaceOf = (attachment: Attachment, more: Partial<SpaceFacts> = {}): SpaceFacts => ({
  links: [{ name: attachment.as, up: true, mtu: 1500 }],
  addresses: attachment.addresses.map((cidr) => ({ link: attachment.as, cidr })),
  routes: attachment.gateways.length > 0 ? [{ to: '0.0.0.0/0', device: 'eth0' }] : [],
  neighbours: [],
  listeners: [{ protocol: 'tcp', address: '0.0.0.0', port: 80 }],
  ...more,
});

const named = (network: NetworkRecord, ...all: ContainerFacts[]) => ({
  resolver: true,
  view: true,
  table: true,
  endpoints: { [network.id]: all.map(({ id }) => id) },
  servers: ['192.0.2.53'],
});

const port = ({ hostLink }: Attachment, master: string) => ({ name: hostLink, up: true, mtu: 1500, master });

const WELL: DiagnoseFacts = {
  networks: [BRIDGE, FRONT, BACK],
  up: [FRONT.id, BACK.id],
  containers: [web, app, far],
  host: {
    links: [
      { name: 'br-front', up: true, mtu: 1500 },
      { name: 'br-back', up: true, mtu: 1500 },
      port(WEB, 'br-front'),
      port(APP, 'br-front'),
      port(FAR, 'br-back'),
    ],
    addresses: [{ link: 'br-front', cidr: '172.18.0.1/16' }],
    routes: [
      { to: '0.0.0.0/0', device: 'wan0' },
      { to: '172.18.0.0/16', device: 'br-front' },
      { to: '172.19.0.0/16', device: 'br-back' },
    ],
    neighbours: [],
    listeners: [{ protocol: 'tcp', address: '127.0.0.1', port: 631 }],
  },
  spaces: { [web.id]: spaceOf(WEB), [app.id]: spaceOf(APP), [far.id]: spaceOf(FAR) },
  names: { [web.id]: named(FRONT, web, app), [app.id]: named(FRONT, web, app), [far.id]: named(BACK, far) },
  forwards4: true,
  forwards6: true,
  bridgeFilter: false,
  reversePath: { 'br-front': 0 },
  routeLocalnet: { 'br-front': true },
  table: [...elementsOf(FRONT, [{ port: PORT, to: WEB }]), ...elementsOf(BACK, [])],
  isTableKnown: true,
  foreign: [],
};

const of = (one: ContainerFacts): Side => ({ kind: 'container', id: one.id, text: one.name, by: 'name' });
const HOST: Side = { kind: 'host', text: 'host' };
const INTERNET: Side = { kind: 'outside', text: 'internet' };
const SIDES: Readonly<Record<string, Side>> = {
  web: of(web),
  app: of(app),
  far: of(far),
  host: HOST,
  internet: INTERNET,
};

function asked(line: string): Question {
  const [from = '', to = '', number] = line.split(' ');
  const side = (text: string): Side => SIDES[text] ?? { kind: 'unknown', text };
  return { from: side(from), to: side(to), protocol: 'tcp', ...(number && { port: Number(number) }) };
}

const first = (facts: DiagnoseFacts, line: string): string | undefined => examine(facts, asked(line))[0]?.id;

const withHost = (more: Partial<SpaceFacts>): DiagnoseFacts => ({ ...WELL, host: { ...WELL.host, ...more } });
const withSpace = (one: ContainerFacts, more: Partial<SpaceFacts>): DiagnoseFacts => {
  const space = WELL.spaces[one.id] ?? spaceOf(WEB);
  return { ...WELL, spaces: { ...WELL.spaces, [one.id]: { ...space, ...more } } };
};
const withContainer = (one: ContainerFacts, more: Partial<ContainerFacts>): DiagnoseFacts => ({
  ...WELL,
  containers: WELL.containers.map((each) => (each === one ? { ...one, ...more } : each)),
});
const withNames = (more: object): DiagnoseFacts => ({
  ...WELL,
  names: { ...WELL.names, [app.id]: { ...named(FRONT, web, app), ...more } },
});
const links = (change: (link: SpaceFacts['links'][number]) => object | undefined): DiagnoseFacts =>
  withHost({
    links: WELL.host.links.flatMap((link) => {
      const changed = change(link);
      return changed === undefined ? [] : [{ ...link, ...changed } as typeof link];
    }),
  });

test.each(['app web 80', 'app internet', 'web host', 'host web 8080', 'host web 80', 'internet web 8080'])(
  'where all is well nothing is found: %s',
  (line) => expect(examine(WELL, asked(line))).toEqual([]),
);

const chain = { family: 'ip', table: 'filter', name: 'FORWARD', accepts: [], ports: [] } as const;

const BROKEN: readonly (readonly [id: string, line: string, facts: DiagnoseFacts])[] = [
  ['unknown', 'app nobody', WELL],
  ['stopped', 'app web', withContainer(web, { status: 'exited' })],
  ['paused', 'app web', withContainer(web, { status: 'paused' })],
  ['no-network', 'app web', withContainer(web, { mode: 'none', attachments: [] })],
  ['elsewhere', 'app far', WELL],
  ['resolver-dead', 'app web', withNames({ resolver: false })],
  ['view-gone', 'app web', withNames({ view: false })],
  ['names-table-gone', 'app web', withNames({ table: false })],
  ['name-gone', 'app web', withNames({ endpoints: {} })],
  ['no-servers', 'app internet', withNames({ servers: [] })],
  ['link-gone', 'app web', withSpace(web, { links: [] })],
  ['link-down', 'app web', withSpace(web, { links: [{ name: 'eth0', up: false, mtu: 1500 }] })],
  ['address-gone', 'app web', withSpace(web, { addresses: [] })],
  ['bridge-gone', 'app web', links((link) => (link.name === 'br-front' ? undefined : {}))],
  ['bridge-down', 'app web', links((link) => (link.name === 'br-front' ? { up: false } : {}))],
  ['host-end-down', 'app web', links((link) => (link.name === WEB.hostLink ? { up: false } : {}))],
  ['off-bridge', 'app web', links((link) => (link.name === WEB.hostLink ? { master: undefined } : {}))],
  ['mtu', 'app web', links((link) => (link.name === 'br-front' ? { mtu: 1400 } : {}))],
  ['gateway-gone', 'app internet', withHost({ addresses: [] })],
  ['no-default-route', 'app internet', withSpace(app, { routes: [] })],
  ['route-taken', 'host web 80', withHost({ routes: [{ to: '172.18.0.0/16', device: 'tun0' }] })],
  ['forwarding-off', 'app internet', { ...WELL, forwards4: false }],
  ['host-offline', 'app internet', withHost({ routes: [{ to: '172.18.0.0/16', device: 'br-front' }] })],
  [
    'wrong-neighbour',
    'app web',
    withSpace(app, { neighbours: [{ address: '172.18.0.2', mac: '02:00:00:00:00:01', device: 'eth0' }] }),
  ],
  ['internal', 'far internet', WELL],
  ['internal', 'far host', WELL],
  ['icc', 'app web', { ...WELL, networks: [{ ...FRONT, icc: false }, BACK] }],
  ['not-published', 'internet app 80', WELL],
  ['not-published', 'internet web 80', WELL],
  [
    'published-on-loopback',
    'internet web 8080',
    withContainer(web, { ports: [{ ...PORT, address: '127.0.0.1' }] }),
  ],
  ['published-without-family', 'host web 8080', withContainer(web, { ports: [{ ...PORT, address: '::1' }] })],
  ['table-gone', 'internet web 8080', { ...WELL, table: undefined } as never],
  ['element-missing', 'internet web 8080', { ...WELL, table: elementsOf(FRONT, []) }],
  ['element-missing', 'app internet', { ...WELL, table: [] }],
  ['element-missing', 'app web', { ...WELL, table: [], bridgeFilter: true }],
  ['route-localnet-off', 'host web 8080', { ...WELL, routeLocalnet: { 'br-front': false } }],
  ['foreign-forward', 'app internet', { ...WELL, foreign: [{ ...chain, hook: 'forward' }] }],
  ['foreign-forward', 'app web', { ...WELL, bridgeFilter: true, foreign: [{ ...chain, hook: 'forward' }] }],
  [
    'foreign-input',
    'app host 80',
    {
      ...withHost({ listeners: [{ protocol: 'tcp', address: '0.0.0.0', port: 80 }] }),
      foreign: [{ ...chain, name: 'INPUT', hook: 'input' }],
    },
  ],
  ['nobody-listens', 'app web 81', WELL],
  ['nobody-listens', 'host web 8080', withSpace(web, { listeners: [] })],
  [
    'loopback-only',
    'app web 80',
    withSpace(web, { listeners: [{ protocol: 'tcp', address: '127.0.0.1', port: 80 }] }),
  ],
  ['loopback-only', 'app host 631', WELL],
  [
    'other-address',
    'app web 80',
    withSpace(web, { listeners: [{ protocol: 'tcp', address: '172.30.0.2', port: 80 }] }),
  ],
];

test.each(BROKEN)('%s: %s', (id, line, facts) => {
  expect(first(facts, line)).toBe(id);
  for (const { says, mend } of examine(facts, asked(line))) {
    expect(says).toMatch(/^[^A-Z].*[^.]$/);
    expect(mend).not.toBe('');
  }
});

test('neither a chain that accepts our bridge, nor one of another family, is in the way', () => {
  const accepts = { ...chain, hook: 'forward', accepts: ['br-front'] } as const;
  expect(first({ ...WELL, foreign: [accepts] }, 'app internet')).toBeUndefined();
  expect(
    first({ ...WELL, foreign: [{ ...chain, family: 'ip6', hook: 'forward' }] }, 'app internet'),
  ).toBeUndefined();
  const open = { ...chain, hook: 'input', ports: [{ port: 631, protocol: 'tcp' }] } as const;
  const facts = {
    ...withHost({ listeners: [{ protocol: 'tcp', address: '::', port: 631 }] }),
    foreign: [open],
  } as const;
  expect(first(facts, 'app host 631')).toBeUndefined();
});

test.each([
  ['FORWARD of iptables is ours to mend', {}, 'tinyrun network reload'],
  [
    'firewalld has a zone for it',
    { family: 'inet', table: 'firewalld', whose: 'firewalld' },
    'firewall-cmd --zone=trusted --add-interface=br-front',
  ],
  [
    'any other takes a rule each way',
    { family: 'inet', name: 'forward' },
    'nft insert rule inet filter forward iifname br-front accept; nft insert rule inet filter forward oifname br-front accept',
  ],
] as const)('%s', (_, more, mend) => {
  const facts = { ...WELL, foreign: [{ ...chain, hook: 'forward', ...more } as const] };
  expect(examine(facts, asked('app internet'))[0]).toMatchObject({ id: 'foreign-forward', mend });
});

test('chains of others: by policy, by a last rule, and what they accept', () => {
  const rule = (table: string, at: string, ...expr: object[]) => ({
    rule: { family: 'inet', table, chain: at, expr },
  });
  const hook = (table: string, name: string, policy: string) => ({
    chain: { family: 'inet', table, name, hook: 'forward', policy },
  });
  const from = (link: string) => ({ match: { left: { meta: { key: 'iifname' } }, right: link } });
  const found = foreignChains({
    nftables: [
      hook('tinyrun', 'forward', 'drop'),
      hook('open', 'all', 'accept'),
      hook('strict', 'all', 'drop'),
      rule('strict', 'all', { jump: { target: 'more' } }),
      rule('strict', 'more', from('br-front'), { accept: null }),
      rule('strict', 'unreached', from('br-back'), { accept: null }),
      hook('firewalld', 'filter_FORWARD', 'accept'),
      rule('firewalld', 'filter_FORWARD', { jump: { target: 'zones' } }),
      rule('firewalld', 'filter_FORWARD', { reject: {} }),
      rule('firewalld', 'zones', from('br-front'), { goto: { target: 'filter_FWD_trusted' } }),
      rule('firewalld', 'zones', from('wan0'), { goto: { target: 'filter_FWD_public' } }),
    ] as never,
  });
  expect(found.map(({ table, accepts, whose }) => [table, accepts, whose])).toEqual([
    ['strict', ['br-front'], undefined],
    ['firewalld', ['br-front'], 'firewalld'],
  ]);
  const rules = '-P INPUT DROP\n-P FORWARD DROP\n-N DOCKER-USER\n-A TINYRUN-FORWARD -i br-front -j ACCEPT\n';
  expect(legacyChainsOf('ip', rules)).toMatchObject([
    { name: 'FORWARD', hook: 'forward', accepts: ['br-front'], whose: 'Docker' },
    { name: 'INPUT', hook: 'input', accepts: [] },
  ]);
});

test('what /proc says', () => {
  const tcp = `  sl  local_address rem_address   st
   0: 0100007F:0277 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 030012AC:A1B2 020012AC:0050 01 00000000:00000000 00:00000000 00000000     0        0 2
   2: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 0`;
  expect(listenersOf(tcp, 'tcp')).toEqual([
    { protocol: 'tcp', address: '127.0.0.1', port: 631 },
    { protocol: 'tcp', address: '::1', port: 80 },
  ]);
  const arp = `IP address       HW type     Flags       HW address            Mask     Device
172.18.0.2       0x1         0x2         02:42:ac:12:00:02     *        eth0\n`;
  expect(neighboursOf(arp)).toEqual([{ address: '172.18.0.2', mac: '02:42:ac:12:00:02', device: 'eth0' }]);
  expect(serversOf('# nameserver 1.1.1.1\nnameserver 9.9.9.9\nsearch lan\n nameserver ::1\n')).toEqual([
    '9.9.9.9',
    '::1',
  ]);
});
