import { afterAll, describe, expect, test } from 'vitest';
import { BASE } from '../../../src/network/firewall/base.ts';
import { closedElements } from '../../../src/network/firewall/elements.ts';
import { acceptForward, forwardDrops } from '../../../src/network/firewall/foreign.ts';
import { flowsToAddress, flowsToPort } from '../../../src/plan/netlink/conntrack.ts';
import { type Element, elementBatch } from '../../../src/plan/netlink/sets.ts';
import type { Step } from '../../../src/plan/types.ts';
import { launchSync } from '../../../src/runtime/launch.ts';
import { NETWORKS, type Probe, type Protocol, type Side, World } from './world.ts';

// Who reaches whom, and as whom: the table of the firewall held against the kernel, and each of its rules against a row that
// changes where the rule is taken out.

const world = new World();
afterAll(() => world.dispose());

/** For what is reached: machines are busy. */
const REACHED = 30_000;
/** For what is not: a packet that is dropped is heard of by nobody. */
const REFUSED = 500;

const published = (port: number, to: readonly [string, string, number]): Element[] =>
  (['tcp', 'udp'] as const).flatMap((protocol) => [
    { set: 'any4', key: [protocol, port], data: [to[0], to[2]] },
    { set: 'any6', key: [protocol, port], data: [to[1], to[2]] },
  ]);
const at = (address: string, port: number, to: string): Element[] =>
  (['tcp', 'udp'] as const).map((protocol) => ({
    set: address.includes(':') ? 'at6' : 'at4',
    key: [address, protocol, port],
    data: [to, 80],
  }));

const ELEMENTS: Element[] = [
  ...published(8080, ['172.18.0.2', 'fd00:18::2', 80]),
  ...published(7070, ['172.21.0.3', 'fd00:21::3', 80]),
  // none that we would make: its network is internal
  ...published(6060, ['172.20.0.2', 'fd00:20::2', 80]),
  ...at('127.0.0.1', 8081, '172.18.0.2'),
  ...at('::1', 8082, 'fd00:18::2'),
  ...at('192.168.1.1', 8083, '172.18.0.2'),
  ...at('fd00:1::1', 8083, 'fd00:18::2'),
  ...closedElements(['eth0', 'eth1']),
];

interface Row {
  readonly from: Side;
  readonly to: readonly [address: string, port: number];
  /** `a hears 172.18.0.1`; undefined: refused. */
  readonly answer?: string;
  readonly why: string;
  readonly protocol?: Protocol;
  /** Sent from there, without an answer. */
  readonly as?: string;
  /** Of bridges that the firewall sees into, or does not; both where nothing is said. */
  readonly filtered?: boolean;
}

const ROWS: Record<string, Row> = {
  'host → 127.0.0.1': {
    from: 'host',
    to: ['127.0.0.1', 8080],
    answer: 'a hears 172.18.0.1',
    why: 'published',
  },
  // with br_netfilter the kernel drops what it has translated to ::1: `relay`
  'host → ::1': {
    from: 'host',
    to: ['::1', 8080],
    answer: 'a hears fd00:18::1',
    why: 'published',
    filtered: false,
  },
  'host → its address': {
    from: 'host',
    to: ['192.168.1.1', 8080],
    answer: 'a hears 192.168.1.1',
    why: 'published',
  },
  'host → its address, IPv6': {
    from: 'host',
    to: ['fd00:1::1', 8080],
    answer: 'a hears fd00:1::1',
    why: 'published',
  },
  'host → 127.0.0.1 alone': {
    from: 'host',
    to: ['127.0.0.1', 8081],
    answer: 'a hears 172.18.0.1',
    why: 'published there',
  },
  'host → ::1 alone': {
    from: 'host',
    to: ['::1', 8082],
    answer: 'a hears fd00:18::1',
    why: 'published there',
    filtered: false,
  },
  'host → not 127.0.0.1': { from: 'host', to: ['192.168.1.1', 8081], why: 'published on 127.0.0.1 alone' },
  'host → container': { from: 'host', to: ['172.18.0.2', 80], answer: 'a hears 172.18.0.1', why: 'its own' },
  'lan → host': { from: 'lan', to: ['192.168.1.1', 8080], answer: 'a hears 192.168.1.2', why: 'published' },
  'lan → host, IPv6': { from: 'lan', to: ['fd00:1::1', 8080], answer: 'a hears fd00:1::2', why: 'published' },
  'lan → another address of the host': {
    from: 'lan',
    to: ['203.0.113.1', 8080],
    answer: 'a hears 192.168.1.2',
    why: 'published',
  },
  'lan → where it is published': {
    from: 'lan',
    to: ['192.168.1.1', 8083],
    answer: 'a hears 192.168.1.2',
    why: 'there',
  },
  'lan → where it is published, IPv6': {
    from: 'lan',
    to: ['fd00:1::1', 8083],
    answer: 'a hears fd00:1::2',
    why: 'there',
  },
  'lan → where it is not': { from: 'lan', to: ['203.0.113.1', 8083], why: 'published on another address' },
  'lan → 127.0.0.1 of the host by its address': {
    from: 'lan',
    to: ['192.168.1.1', 8081],
    why: 'published on 127.0.0.1',
  },
  'world → host': {
    from: 'world',
    to: ['203.0.113.1', 8080],
    answer: 'a hears 203.0.113.2',
    why: 'published',
  },
  'world → host, IPv6': {
    from: 'world',
    to: ['2001:db8::1', 8080],
    answer: 'a hears 2001:db8::2',
    why: 'published',
  },
  'world → container apart': {
    from: 'world',
    to: ['203.0.113.1', 7070],
    answer: 'e hears 203.0.113.2',
    why: 'published',
  },

  'itself by its port': {
    from: 'a',
    to: ['192.168.1.1', 8080],
    answer: 'a hears 172.18.0.1',
    why: 'hairpin',
  },
  'itself by its port, IPv6': {
    from: 'a',
    to: ['fd00:1::1', 8080],
    answer: 'a hears fd00:18::1',
    why: 'hairpin',
  },
  'itself by its gateway': {
    from: 'a',
    to: ['172.18.0.1', 8080],
    answer: 'a hears 172.18.0.1',
    why: 'hairpin',
  },
  'neighbour by its port': {
    from: 'b',
    to: ['192.168.1.1', 8080],
    answer: 'a hears 172.18.0.1',
    why: 'hairpin',
  },
  'neighbour by its port, IPv6': {
    from: 'b',
    to: ['fd00:1::1', 8080],
    answer: 'a hears fd00:18::1',
    why: 'hairpin',
  },
  'neighbour apart by its port': {
    from: 'd',
    to: ['192.168.1.1', 7070],
    answer: 'e hears 172.21.0.1',
    why: 'hairpin',
    filtered: false,
  },
  // the kernel translates inside the bridge then, which goes on to keep them apart
  'neighbour apart by its port, filtered': {
    from: 'd',
    to: ['192.168.1.1', 7070],
    why: 'no ICC',
    filtered: true,
  },
  'another network by its port': {
    from: 'c',
    to: ['192.168.1.1', 8080],
    answer: 'a hears 172.19.0.2',
    why: 'published',
  },
  'another network by its port, IPv6': {
    from: 'c',
    to: ['fd00:1::1', 8080],
    answer: 'a hears fd00:19::2',
    why: 'published',
  },

  neighbours: { from: 'b', to: ['172.18.0.2', 80], answer: 'a hears 172.18.0.3', why: 'one network' },
  'neighbours, IPv6': { from: 'b', to: ['fd00:18::2', 80], answer: 'a hears fd00:18::3', why: 'one network' },
  'neighbours apart': { from: 'd', to: ['172.21.0.3', 80], why: 'no ICC' },
  'neighbours apart, IPv6': { from: 'd', to: ['fd00:21::3', 80], why: 'no ICC' },
  'neighbours inside': {
    from: 'j',
    to: ['172.20.0.2', 80],
    answer: 'i hears 172.20.0.3',
    why: 'one network',
  },
  'another network': { from: 'c', to: ['172.18.0.2', 80], why: 'networks are apart' },
  'another network, IPv6': { from: 'c', to: ['fd00:18::2', 80], why: 'networks are apart' },
  'lan → container': { from: 'lan', to: ['172.18.0.2', 80], why: 'it routes there by itself' },
  'lan → container, IPv6': { from: 'lan', to: ['fd00:18::2', 80], why: 'it routes there by itself' },
  'world → container': { from: 'world', to: ['172.19.0.2', 80], why: 'it routes there by itself' },

  'out into the world': {
    from: 'a',
    to: ['203.0.113.2', 80],
    answer: 'world hears 203.0.113.1',
    why: 'masquerade',
  },
  'out into the world, IPv6': {
    from: 'a',
    to: ['2001:db8::2', 80],
    answer: 'world hears 2001:db8::1',
    why: 'masquerade',
  },
  'out to the lan': {
    from: 'c',
    to: ['192.168.1.2', 80],
    answer: 'lan hears 192.168.1.1',
    why: 'masquerade',
  },
  'out as itself': {
    from: 'f',
    to: ['192.168.1.2', 80],
    answer: 'lan hears 172.22.0.2',
    why: 'no masquerade',
  },
  'out as itself, IPv6': {
    from: 'f',
    to: ['fd00:1::2', 80],
    answer: 'lan hears fd00:22::2',
    why: 'no masquerade',
  },
  'out to a port of our own': {
    from: 'a',
    to: ['203.0.113.2', 8080],
    answer: 'world hears 203.0.113.1',
    why: 'not the host is meant',
  },
  'out to a port of our own, IPv6': {
    from: 'a',
    to: ['2001:db8::2', 8080],
    answer: 'world hears 2001:db8::1',
    why: 'not the host is meant',
  },
  'up to the host': {
    from: 'a',
    to: ['172.18.0.1', 2222],
    answer: 'host hears 172.18.0.2',
    why: 'its gateway',
  },

  'inside → world': { from: 'i', to: ['203.0.113.2', 80], why: 'internal' },
  'inside → lan': { from: 'i', to: ['192.168.1.2', 80], why: 'internal' },
  'inside → lan, IPv6': { from: 'i', to: ['fd00:1::2', 80], why: 'internal' },
  'inside → another network': { from: 'i', to: ['172.18.0.2', 80], why: 'internal' },
  'inside → gateway': { from: 'i', to: ['172.20.0.1', 2222], why: 'the host is outside' },
  'inside → gateway, IPv6': { from: 'i', to: ['fd00:20::1', 2222], why: 'the host is outside' },
  'inside → host': { from: 'i', to: ['192.168.1.1', 2222], why: 'the host is outside' },
  'inside → a port': { from: 'i', to: ['192.168.1.1', 8080], why: 'internal' },
  'lan → inside': { from: 'lan', to: ['172.20.0.2', 80], why: 'internal' },
  'another network → inside': { from: 'c', to: ['172.20.0.2', 80], why: 'internal' },
  'lan → a port inside': { from: 'lan', to: ['192.168.1.1', 6060], why: 'internal' },

  'rogue → 127.0.0.1 of the host': {
    from: 'rogue',
    to: ['127.0.0.1', 8081],
    why: 'it routes there by itself',
  },
  'thief → 127.0.0.1 of the host': {
    from: 'thief',
    to: ['127.0.0.1', 2222],
    protocol: 'tcp',
    why: 'it routes there by itself',
  },
  'as 127.0.0.2': {
    from: 'b',
    to: ['172.18.0.1', 2222],
    as: '127.0.0.2',
    protocol: 'udp',
    why: 'no container is the host',
  },
  'lan → rogue': { from: 'lan', to: ['192.168.3.2', 80], why: 'the host routed nothing there before' },
  'lan → world': {
    from: 'lan',
    to: ['203.0.113.2', 80],
    answer: 'world hears 192.168.1.2',
    why: 'a link of later',
  },
};

const NAMES = Object.keys(ROWS);
const probes = ({ from, to: [address, port], as, protocol }: Row): Probe[] =>
  (protocol ? [protocol] : (['tcp', 'udp'] as const)).map((each) => ({
    from,
    protocol: each,
    address,
    port,
    ...(as && { as }),
  }));

async function outcome(row: Row, patience: number): Promise<(string | undefined)[]> {
  return Promise.all(probes(row).map((probe) => world.probe(probe, patience)));
}

/** `chain: rule` of each rule, and where its line is. */
const rules = (() => {
  let chain = '';
  return new Map(
    BASE.split('\n').flatMap((line, index): [string, number][] => {
      chain = /^ {2}chain (\S+)/.exec(line)?.[1] ?? chain;
      const [, rule] = /^ {4}(?!type )(.*?)(?: comment .*)?$/.exec(line) ?? [];
      return rule === undefined ? [] : [[`${chain}: ${rule}`, index]];
    }),
  );
})();

const without = (rule: string): string =>
  BASE.split('\n')
    .filter((_, index) => index !== rules.get(rule))
    .join('\n');

/** What a row becomes without a rule; undefined: refused. `filtered` where that takes br_netfilter. */
interface Loss {
  readonly row: string;
  readonly becomes?: string;
  readonly filtered?: true;
}

const LOSSES: Record<string, Loss> = {
  'publish: dnat ip to ip daddr . meta l4proto . th dport map @at4': { row: 'host → 127.0.0.1 alone' },
  'publish: dnat ip6 to ip6 daddr . meta l4proto . th dport map @at6': {
    row: 'lan → where it is published, IPv6',
  },
  'publish: fib daddr type != local return': {
    row: 'out to a port of our own',
    becomes: 'a hears 172.18.0.1',
  },
  'publish: meta nfproto ipv4 dnat ip to meta l4proto . th dport map @any4': {
    row: 'lan → host',
    becomes: 'host hears 192.168.1.2',
  },
  'publish: meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @any6': {
    row: 'lan → host, IPv6',
    becomes: 'host hears fd00:1::2',
  },
  'raw: iifname @bridges ip saddr 127.0.0.0/8 drop': { row: 'as 127.0.0.2', becomes: 'host hears 127.0.0.2' },
  'raw: iifname @bridges ip daddr 127.0.0.0/8 drop': {
    row: 'thief → 127.0.0.1 of the host',
    becomes: 'host hears 172.18.0.4',
  },
  'prerouting: ip daddr 127.0.0.0/8 return': {
    row: 'rogue → 127.0.0.1 of the host',
    becomes: 'a hears 192.168.3.2',
  },
  'prerouting: meta l4proto { tcp, udp, sctp } jump publish': {
    row: 'lan → host',
    becomes: 'host hears 192.168.1.2',
  },
  'output: meta l4proto { tcp, udp, sctp } jump publish': {
    row: 'host → its address',
    becomes: 'host hears 192.168.1.1',
  },
  'postrouting: ct status dnat ip saddr . oifname @home4 masquerade': { row: 'neighbour by its port' },
  'postrouting: ct status dnat ip6 saddr . oifname @home6 masquerade': { row: 'neighbour by its port, IPv6' },
  'postrouting: oifname @bridges ip saddr 127.0.0.0/8 masquerade': { row: 'host → 127.0.0.1' },
  'postrouting: oifname @bridges ip6 saddr ::1 masquerade': { row: 'host → ::1' },
  'postrouting: ip saddr @masq4 oifname != @bridges masquerade': {
    row: 'out into the world',
    becomes: 'world hears 172.18.0.2',
  },
  'postrouting: ip6 saddr @masq6 oifname != @bridges masquerade': {
    row: 'out into the world, IPv6',
    becomes: 'world hears fd00:18::2',
  },
  'forward: iifname != @bridges oifname != @bridges iifname . oifname @closed drop': {
    row: 'lan → rogue',
    becomes: 'rogue hears 192.168.1.2',
  },
  'forward: ct state established,related accept': { row: 'out into the world' },
  'forward: iifname . oifname @same accept': { row: 'neighbours', filtered: true },
  'forward: iifname @internal drop': { row: 'inside → lan', becomes: 'lan hears 172.20.0.2' },
  'forward: oifname @internal drop': { row: 'lan → a port inside', becomes: 'i hears 192.168.1.2' },
  'forward: ct status dnat accept': { row: 'lan → host' },
  'forward: oifname @bridges counter drop': { row: 'lan → container', becomes: 'a hears 192.168.1.2' },
  'input: iifname @internal ct state new,invalid drop': {
    row: 'inside → gateway',
    becomes: 'host hears 172.20.0.2',
  },
};

/** What none of the rules behind it would drop either: it saves the packets of others six look-ups. */
const SHORTCUT = 'forward: iifname != @bridges oifname != @bridges accept';

describe.each([
  ['bridges are not filtered', false],
  ['bridges are filtered, as with br_netfilter', true],
])('%s', (_, filtered) => {
  const all = NAMES.filter((name) => (ROWS[name]?.filtered ?? filtered) === filtered);

  test('who reaches whom', async () => {
    world.filterBridges(filtered);
    world.load(BASE, ELEMENTS);
    const rows = all.map((name) => [name, ROWS[name] as Row] as const);
    const found = await Promise.all(
      rows.map(async ([name, row]) => [name, await outcome(row, row.answer ? REACHED : REFUSED)] as const),
    );
    const expected = rows.map(([name, row]) => [name, probes(row).map(() => row.answer)] as const);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  });
});

describe('without', () => {
  test('each rule there is a row that is another', () => {
    expect([...Object.keys(LOSSES), SHORTCUT].sort()).toEqual([...rules.keys()].sort());
  });

  test.each(Object.entries(LOSSES))('%s', async (rule, { row: name, becomes, filtered = false }) => {
    const row = ROWS[name] as Row;
    expect(becomes).not.toBe(row.answer);
    world.filterBridges(filtered);
    world.load(without(rule), ELEMENTS);
    expect(await outcome(row, becomes ? REACHED : REFUSED)).toEqual(probes(row).map(() => becomes));
  });

  test('the shortcut nothing is another', async () => {
    world.filterBridges(false);
    world.load(without(SHORTCUT), ELEMENTS);
    for (const name of ['lan → world', 'lan → rogue']) {
      const row = ROWS[name] as Row;
      expect(await outcome(row, row.answer ? REACHED : REFUSED)).toEqual(probes(row).map(() => row.answer));
    }
  });
});

describe('what a flow of datagrams was led to is remembered', () => {
  const step = (change: Parameters<typeof elementBatch>[0]): Step => ({
    op: 'netlink',
    lane: 'host',
    args: elementBatch(change),
    why: 'of the test',
  });
  const forget = (flows: { readonly request: Uint8Array }): Step => ({
    op: 'forgetFlows',
    lane: 'host',
    args: flows,
    why: 'of the test',
  });
  const forgetPort = (protocol: string, port: number): Step[] =>
    ([4, 6] as const).map((family) => forget(flowsToPort(family, protocol, port)));
  const run = (...steps: Step[]) => world.host.run(() => launchSync({ plan: { steps } }));
  /** One flow of each family. */
  const hears = (fromPort: number) =>
    Promise.all(
      ['192.168.1.1', 'fd00:1::1'].map((address) =>
        world.probe({ from: 'lan', protocol: 'udp', address, port: 8080, fromPort }, REACHED),
      ),
    );
  const PORT = published(8080, ['172.18.0.2', 'fd00:18::2', 80]);
  const HOST = ['host hears 192.168.1.2', 'host hears fd00:1::2'];
  const CONTAINER = ['a hears 192.168.1.2', 'a hears fd00:1::2'];

  test('until it is forgotten by its port, when that is published', async () => {
    world.load(BASE, []);
    expect(await hears(4001)).toEqual(HOST);
    run(step({ add: PORT }));
    expect(await hears(4001)).toEqual(HOST);
    run(...forgetPort('udp', 8081), ...forgetPort('sctp', 8080));
    expect(await hears(4001)).toEqual(HOST);
    run(...forgetPort('udp', 8080));
    expect(await hears(4001)).toEqual(CONTAINER);
    run(...forgetPort('udp', 8080), ...forgetPort('udp', 8080));
  });

  test('until it is forgotten by the address of who is gone', async () => {
    world.load(BASE, PORT);
    expect(await hears(4002)).toEqual(CONTAINER);
    run(step({ remove: PORT }));
    expect(await hears(4002)).toEqual(CONTAINER);
    run(forget(flowsToAddress('172.18.0.3')));
    expect(await hears(4002)).toEqual(CONTAINER);
    run(forget(flowsToAddress('172.18.0.2')));
    expect(await hears(4002)).toEqual([HOST[0], CONTAINER[1]]);
  });

  test('many are forgotten at once', async () => {
    world.load(BASE, []);
    const ports = Array.from({ length: 100 }, (_, index) => 5000 + index);
    for (const port of ports) expect(await hears(port)).toEqual(HOST);
    run(step({ add: PORT }), ...forgetPort('udp', 8080));
    for (const port of ports) expect(await hears(port)).toEqual(CONTAINER);
  });
});

describe('where FORWARD of iptables drops', () => {
  const LINKS = Object.keys(NETWORKS).map((name) => `br-${name}`);
  const PASSES = ['lan → host', 'lan → host, IPv6', 'out into the world', 'out into the world, IPv6'];
  const open = () => {
    const steps = world.host.run(() => acceptForward(forwardDrops(), LINKS));
    world.host.run(() => launchSync({ plan: { steps } }));
    return steps;
  };
  const found = async (names: readonly string[], patience: number) =>
    Promise.all(names.map(async (name) => outcome(ROWS[name] as Row, patience)));
  const answers = (names: readonly string[]) =>
    names.map((name) => probes(ROWS[name] as Row).map(() => ROWS[name]?.answer));

  test.each([
    ['nft', false],
    ['nft', true],
    ['legacy', false],
    ['legacy', true],
  ] as const)('iptables-%s, Docker there: %s', async (variant, docker) => {
    world.filterBridges(false);
    world.load(BASE, ELEMENTS);
    const tables = (...args: string[]) =>
      ['ip', 'ip6'].map((ip) => world.host.exec(`${ip}tables-${variant}`, args));
    tables('-P', 'FORWARD', 'DROP');
    if (docker) tables('-N', 'DOCKER-USER');
    if (docker) tables('-I', 'FORWARD', '-j', 'DOCKER-USER');
    try {
      expect((await found(PASSES, REFUSED)).flat()).toEqual(Array(8).fill(undefined));
      expect(open()).toHaveLength(2);
      expect(await found(PASSES, REACHED)).toEqual(answers(PASSES));
      const refused = ['lan → container', 'another network', 'inside → lan'];
      expect(await found(refused, REFUSED)).toEqual(answers(refused));
      const [before] = tables('-S');
      open();
      expect(tables('-S')[0]).toBe(before);
      expect(before?.match(/-j TINYRUN-FORWARD/g)).toHaveLength(1);
    } finally {
      tables('-P', 'FORWARD', 'ACCEPT');
      tables('-F');
      tables('-X');
    }
  });

  test('and where it does not, nothing is done', () => {
    world.load(BASE, []);
    expect(open()).toEqual([]);
  });
});
