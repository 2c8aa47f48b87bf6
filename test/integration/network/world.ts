import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { connect, createServer, type Server } from 'node:net';
import { networkElements } from '../../../src/network/firewall/elements.ts';
import type { NetworkRecord } from '../../../src/network/types.ts';
import { addAddress } from '../../../src/plan/netlink/address.ts';
import { addBridge, addVeth, describePort, setUp } from '../../../src/plan/netlink/link.ts';
import { addDefaultRoute, addLoopbackRoute } from '../../../src/plan/netlink/route.ts';
import { type Element, elementBatch } from '../../../src/plan/netlink/sets.ts';
import { datagram, type Message, NETLINK_ROUTE } from '../../../src/plan/netlink/wire.ts';
import { type Lane, NO_SLOT, type Step } from '../../../src/plan/types.ts';
import { type Launched, launchSync } from '../../../src/runtime/launch.ts';
import { CLONE_NEWNET } from '../../../src/spec/linux.ts';
import { Netns } from '../../support/netns.ts';

// A small world of network namespaces: a host with networks and containers, a neighbour on its LAN, somebody out in the internet.
//
//   world 203.0.113.2 ── wan0 ┐                       ┌ br-front  172.18  a b thief
//   lan   192.168.1.2 ── eth0 ┤ host                  ├ br-back   172.19  c
//   rogue 192.168.3.2 ── eth1 ┘                       ├ br-inner  172.20  i j      --internal
//                                                     ├ br-apart  172.21  d e      no ICC
//                                                     └ br-plain  172.22  f        no masquerade
// The same in IPv6: fd00:N:: for 172.N, fd00:1:: and fd00:3:: for the LANs, 2001:db8:: for the internet.

const sends = (lane: Lane, device: string, ...messages: Message[]): Step => ({
  op: 'netlink',
  lane,
  args: { protocol: NETLINK_ROUTE, ...datagram(messages), device },
  why: 'the world of the test',
});

const step = (op: string, lane: Lane, args: object) => ({ op, lane, args, why: 'of the test' }) as Step;

export const NETWORKS = {
  front: { number: 18 },
  back: { number: 19 },
  inner: { number: 20, internal: true },
  apart: { number: 21, icc: false },
  plain: { number: 22, masquerade: false },
} as const satisfies Record<string, { number: number } & Partial<NetworkRecord>>;

const CONTAINERS = {
  a: ['front', 2],
  b: ['front', 3],
  thief: ['front', 4],
  c: ['back', 2],
  i: ['inner', 2],
  j: ['inner', 3],
  d: ['apart', 2],
  e: ['apart', 3],
  f: ['plain', 2],
} as const satisfies Record<string, readonly [keyof typeof NETWORKS, number]>;

export type Side = 'host' | 'lan' | 'rogue' | 'world' | keyof typeof CONTAINERS;
export type Protocol = 'tcp' | 'udp';

export interface Probe {
  readonly from: Side;
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  /** The address that it pretends to have; whether it was heard is all that can be said then. */
  readonly as?: string;
  /** Of datagrams: the port that they are sent from, one of its own where nothing is said. */
  readonly fromPort?: number;
}

function recordOf(name: keyof typeof NETWORKS): NetworkRecord {
  const { number, ...more } = NETWORKS[name];
  return {
    version: 1,
    id: String(number).repeat(32),
    name,
    created: '2026-11-27T00:00:00Z',
    driver: 'bridge',
    link: `br-${name}`,
    pools: [
      { subnet: `172.${number}.0.0/16`, gateway: `172.${number}.0.1`, reserved: {} },
      { subnet: `fd00:${number}::/64`, gateway: `fd00:${number}::1`, reserved: {} },
    ],
    internal: false,
    icc: true,
    masquerade: true,
    mtu: 1500,
    options: {},
    labels: {},
    ...more,
  };
}

/** Ports that programs of the host, and others, listen on. */
const OPEN = [80, 2222, 8080];

/** A socket's functions are given addresses, which need no looking up; the usual way of it would leave the namespace first. */
const lookup = (address: string, _: unknown, done: (error: null, address: string, family: number) => void) =>
  done(null, address, address.includes(':') ? 6 : 4);

/** Mapped addresses of sockets that take both. */
const plain = (address = ''): string => address.replace(/^::ffff:/, '');

export class World {
  readonly host = new Netns();
  readonly #sides = new Map<Side, Netns>();
  readonly #guests: Launched[] = [];
  readonly #servers: (Server | Datagrams)[] = [];
  /** Who heard what, by the word of a probe. */
  readonly #heard = new Map<string, string>();
  #words = 0;
  /** This thread is in one namespace at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor() {
    this.#sides.set('host', this.host);
    this.#outside('world', 'wan0', '203.0.113', '2001:db8:', 2);
    this.#outside('lan', 'eth0', '192.168.1', 'fd00:1:', 2);
    this.#outside('rogue', 'eth1', '192.168.3', 'fd00:3:', 2);
    for (const key of ['ipv4.ip_forward', 'ipv6.conf.all.forwarding']) this.#sysctl(`net.${key}`, '1');
    for (const name of Object.keys(NETWORKS) as (keyof typeof NETWORKS)[]) this.#bridge(recordOf(name));
    for (const name of Object.keys(CONTAINERS) as (keyof typeof CONTAINERS)[]) this.#container(name);
    this.#misuseLoopback('rogue', '192.168.3.1');
    this.#misuseLoopback('thief', '172.18.0.1');
    // it may send as 127.0.0.1
    this.#sysctl('net.ipv4.conf.eth0.route_localnet', '1', this.side('b'));
    for (const side of this.#sides.keys()) this.#listen(side);
  }

  side(name: Side): Netns {
    const found = this.#sides.get(name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  }

  /** All elements of networks. */
  get elements(): Element[] {
    return (Object.keys(NETWORKS) as (keyof typeof NETWORKS)[]).flatMap((name) =>
      networkElements(recordOf(name)),
    );
  }

  #sysctl(key: string, value: string, side: Netns = this.host): void {
    side.exec('sh', ['-c', `echo ${value} > /proc/sys/${key.replaceAll('.', '/')}`]);
  }

  /** Whether what a bridge forwards meets the firewall. */
  filterBridges(on: boolean): void {
    for (const family of ['ip', 'ip6'])
      this.#sysctl(`net.bridge.bridge-nf-call-${family}tables`, on ? '1' : '0');
  }

  #outside(name: Side, device: string, v4: string, v6: string, last: number): void {
    const side = new Netns();
    this.#sides.set(name, side);
    this.host.ip(
      'link',
      'add',
      device,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      `/proc/${process.pid}/fd/${side.fd}`,
    );
    for (const [ns, own, end] of [
      [this.host, device, 1],
      [side, 'eth0', last],
    ] as const) {
      ns.ip('addr', 'add', `${v4}.${end}/24`, 'dev', own);
      ns.ip('addr', 'add', `${v6}:${end}/64`, 'dev', own, 'nodad');
      ns.ip('link', 'set', own, 'up');
    }
    // whoever is out there may route to whatever it likes
    side.ip('route', 'add', 'default', 'via', `${v4}.1`);
    side.ip('-6', 'route', 'add', 'default', 'via', `${v6}:1`);
  }

  #send(device: string, ...messages: Message[]): void {
    this.host.run(() => launchSync({ plan: { steps: [sends('host', device, ...messages)] } }));
  }

  #bridge({ link, mtu, pools }: NetworkRecord): void {
    this.#send('', addBridge({ name: link, mac: `02:42:00:00:00:${pools[0]?.subnet.slice(4, 6)}`, mtu }));
    this.#sysctl(`net.ipv4.conf.${link}.route_localnet`, '1');
    this.#sysctl(`net.ipv6.conf.${link}.accept_dad`, '0');
    const own = pools.map(({ subnet, gateway }) => `${gateway}/${subnet.split('/')[1]}`);
    this.#send(link, ...own.map(addAddress), addLoopbackRoute());
  }

  #container(name: keyof typeof CONTAINERS): void {
    const [of, last] = CONTAINERS[name];
    const { link, icc, mtu } = recordOf(of);
    const { number } = NETWORKS[of];
    const mac = `02:42:ac:${number}:00:0${last}`;
    const gateways = [`172.${number}.0.1`, `fd00:${number}::1`];
    const steps = [
      step('clone', 'host', { flags: BigInt(CLONE_NEWNET), cgroup: NO_SLOT, pass: [] }),
      step('awaitConfigured', 'container', {}),
      sends(
        'host',
        link,
        addVeth({ name: `tr-${name}`, mtu, peer: { name: 'eth0', mac } }),
        describePort({ name: `tr-${name}`, alias: `tinyrun ${name}`, isolated: !icc }),
      ),
      step('signalConfigured', 'host', {}),
      step('sysctl', 'container', { key: 'net/ipv6/conf/eth0/accept_dad', value: '0' }),
      step('linkUp', 'container', { name: 'lo' }),
      sends(
        'container',
        'eth0',
        addAddress(`172.${number}.0.${last}/16`),
        addAddress(`fd00:${number}::${last}/64`),
        setUp(),
        ...gateways.map((gateway) => addDefaultRoute({ gateway, metric: 1024 })),
      ),
      step('ready', 'container', {}),
      step('awaitReady', 'host', {}),
      step('dieWithParent', 'container', { signal: 9 }),
      step('execve', 'container', { args: ['/bin/sleep', '600'], env: [] }),
      step('awaitExec', 'host', {}),
    ];
    const launched = this.host.run(() => launchSync({ plan: { steps } }));
    this.#guests.push(launched);
    this.#sides.set(name, new Netns(launched.pid));
  }

  /** Its 127.0.0.1 is that of its gateway, for all that it sends. */
  #misuseLoopback(name: Side, gateway: string): void {
    const side = this.side(name);
    this.#sysctl('net.ipv4.conf.eth0.route_localnet', '1', side);
    side.ip('addr', 'del', '127.0.0.1/8', 'dev', 'lo');
    side.ip(
      'route',
      'add',
      '127.0.0.0/8',
      'via',
      gateway,
      'dev',
      'eth0',
      'src',
      side.ask('addr', 'show', 'eth0')[0].addr_info[0].local,
    );
  }

  #listen(name: Side): void {
    for (const port of OPEN) {
      this.side(name).run(() => {
        const streams = createServer((socket) => {
          socket.on('error', () => {});
          socket.end(`${name} hears ${plain(socket.remoteAddress)}`);
        }).listen(port);
        const datagrams = createSocket({ type: 'udp6', lookup } as never);
        datagrams.on('message', (word, { address, port: back }) => {
          this.#heard.set(String(word), `${name} hears ${plain(address)}`);
          datagrams.send(`${name} hears ${plain(address)}`, back, address, () => {});
        });
        datagrams.bind(port);
        this.#servers.push(streams, datagrams);
      });
    }
  }

  /** Loads a ruleset and the elements of all networks, and forgets every connection. */
  load(ruleset: string, elements: readonly Element[]): void {
    this.host.exec('nft', ['-f', '-'], `flush ruleset\n${ruleset}`);
    const args = elementBatch({ add: [...this.elements, ...elements] });
    const add: Step = { op: 'netlink', lane: 'host', args, why: 'of the test' };
    this.host.run(() => launchSync({ plan: { steps: [add] } }));
  }

  /** Who answers, and the address that it hears; undefined where nobody does within so many milliseconds. */
  async probe(probe: Probe, patience: number): Promise<string | undefined> {
    return probe.protocol === 'tcp' ? this.#stream(probe, patience) : this.#datagram(probe, patience);
  }

  async #stream({ from, address, port }: Probe, patience: number): Promise<string | undefined> {
    const made = this.#turn.then(() =>
      this.side(from).runAsync(async () => {
        const socket = connect({ host: address, port });
        // when it is connected, and so becomes one of the namespace
        await new Promise<void>((resolve) => process.nextTick(resolve));
        return socket;
      }),
    );
    this.#turn = made;
    const socket = await made;
    return new Promise((resolve) => {
      let text = '';
      const timer = setTimeout(() => socket.destroy(), patience);
      socket.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        clearTimeout(timer);
        resolve(text || undefined);
      });
    });
  }

  async #datagram(
    { from, address, port, as, fromPort = 0 }: Probe,
    patience: number,
  ): Promise<string | undefined> {
    const word = `word ${++this.#words}`;
    const socket = this.side(from).run(() => {
      const made = createSocket({
        type: address.includes(':') ? 'udp6' : 'udp4',
        ipv6Only: address.includes(':'),
        lookup,
      } as never);
      made.bind({ port: fromPort, ...(as && { address: as }) });
      return made;
    });
    return new Promise((resolve) => {
      const end = (answer: string | undefined) => {
        clearInterval(again);
        clearTimeout(timer);
        socket.close();
        resolve(as === undefined ? answer : this.#heard.get(word));
      };
      // datagrams may be lost while a neighbour's address is asked for
      const send = () => {
        if (as !== undefined && this.#heard.has(word)) return end(undefined);
        socket.send(word, port, address, () => {});
      };
      const again = setInterval(send, 100);
      const timer = setTimeout(() => end(undefined), patience);
      socket.on('message', (text, remote) => {
        if (remote.address === address) end(String(text));
      });
      send();
    });
  }

  async dispose(): Promise<void> {
    for (const server of this.#servers) server.close();
    for (const { pid } of this.#guests) process.kill(pid, 'SIGKILL');
    await Promise.all(this.#guests.map((guest) => guest.wait()));
    for (const side of this.#sides.values()) side.dispose();
  }
}
