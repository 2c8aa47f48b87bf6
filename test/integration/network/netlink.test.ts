import { afterAll, describe, expect, test } from 'vitest';
import { TinyrunError } from '../../../src/errors.ts';
import { addAddress } from '../../../src/plan/netlink/address.ts';
import * as link from '../../../src/plan/netlink/link.ts';
import * as route from '../../../src/plan/netlink/route.ts';
import { datagram, type Message, NETLINK_ROUTE } from '../../../src/plan/netlink/wire.ts';
import type { Lane, Step } from '../../../src/plan/types.ts';
import { NO_SLOT } from '../../../src/plan/types.ts';
import { type Launched, launchSync } from '../../../src/runtime/launch.ts';
import { CLONE_NEWNET } from '../../../src/spec/linux.ts';
import { Netns } from '../../support/netns.ts';

// What messages ask for, read back by ip(8).

const host = new Netns();
afterAll(() => host.dispose());

function sends(lane: Lane, device: string, ...messages: Message[]): Step {
  const args = { protocol: NETLINK_ROUTE, ...datagram(messages), device };
  return { op: 'netlink', lane, args, why: 'the test asks for it' };
}

const step = (op: string, lane: Lane, args: object) => ({ op, lane, args, why: 'of the test' }) as Step;

/** A process with a network of its own, after the host's and its own messages. */
class Guest {
  readonly #launched: Launched;

  constructor(born: Step[], inside: Step[]) {
    const steps = [
      step('clone', 'host', { flags: BigInt(CLONE_NEWNET), cgroup: NO_SLOT, pass: [] }),
      step('awaitConfigured', 'container', {}),
      ...born,
      step('signalConfigured', 'host', {}),
      ...inside,
      step('ready', 'container', {}),
      step('awaitReady', 'host', {}),
      step('dieWithParent', 'container', { signal: 9 }),
      step('execve', 'container', { args: ['/bin/sleep', '600'], env: [] }),
      step('awaitExec', 'host', {}),
    ];
    this.#launched = host.run(() => launchSync({ plan: { steps } }));
  }

  // biome-ignore lint/suspicious/noExplicitAny: what ip(8) answers has no types
  ask(...args: string[]): any[] {
    const there = ['-t', String(this.#launched.pid), '-n', 'ip', '-j', '-d', ...args];
    return JSON.parse(host.exec('nsenter', there) || '[]');
  }

  async end(): Promise<void> {
    process.kill(this.#launched.pid, 'SIGKILL');
    await this.#launched.wait();
  }
}

const send = (device: string, ...messages: Message[]) =>
  host.run(() => launchSync({ plan: { steps: [sends('host', device, ...messages)] } }));

function refusal(device: string, ...messages: Message[]): unknown {
  try {
    send(device, ...messages);
  } catch (error) {
    return error instanceof TinyrunError ? error.message : error;
  }
  return undefined;
}

test('a bridge with a MAC of its own, its addresses and the way of ::1', () => {
  const mac = '02:42:00:00:00:01';
  send(
    '',
    link.addBridge({ name: 'tinyrun0', mac, mtu: 1400 }),
    link.describeLink('tinyrun0', 'tinyrun bridge'),
  );
  send('tinyrun0', addAddress('172.18.0.1/16'), addAddress('fd00:18::1/64'), route.addLoopbackRoute());
  expect(host.ask('link', 'show', 'tinyrun0')[0]).toMatchObject({
    ifname: 'tinyrun0',
    address: mac,
    mtu: 1400,
    ifalias: 'tinyrun bridge',
    flags: expect.arrayContaining(['UP']),
    linkinfo: { info_kind: 'bridge' },
  });
  const addresses = host.ask('addr', 'show', 'tinyrun0')[0].addr_info;
  expect(addresses).toContainEqual(expect.objectContaining({ local: '172.18.0.1', prefixlen: 16 }));
  expect(addresses).toContainEqual(expect.objectContaining({ local: 'fd00:18::1', prefixlen: 64 }));
  const table = host.ask('-6', 'route', 'show', 'table', 'local', 'type', 'local');
  expect(table).toContainEqual(expect.objectContaining({ dst: '::1', dev: 'tinyrun0', metric: 4096 }));
  expect(table).toContainEqual(expect.objectContaining({ dst: '::1', dev: 'lo' }));
});

describe('a pair', () => {
  test('is born where its ends belong, a port of its bridge', async () => {
    send('', link.addBridge({ name: 'br-pair', mac: '02:42:00:00:01:01', mtu: 1500 }));
    const peer = { name: 'eth0', mac: '02:42:ac:13:00:02' };
    const born = [
      sends(
        'host',
        'br-pair',
        link.addVeth({ name: 'tr0123456789abc', mtu: 1400, peer }),
        link.describePort({ name: 'tr0123456789abc', alias: 'tinyrun web@front', isolated: true }),
      ),
    ];
    const inside = [
      sends(
        'container',
        'eth0',
        addAddress('172.19.0.2/16'),
        addAddress('fd00:19::2/64'),
        link.setUp(),
        route.addDefaultRoute({ gateway: '172.19.0.1', metric: 7 }),
        route.addDefaultRoute({ gateway: 'fd00:19::1', metric: 7 }),
        route.addDefaultRoute({ gateway: '172.19.0.1', metric: 0, table: 101 }),
        route.addSourceRule({ from: '172.19.0.2', table: 101, priority: 1000 }),
        route.addSourceRule({ from: 'fd00:19::2', table: 101, priority: 1000 }),
      ),
    ];
    const guest = new Guest(born, inside);
    const [here] = host.ask('link', 'show', 'tr0123456789abc');
    expect(here).toMatchObject({
      mtu: 1400,
      master: 'br-pair',
      ifalias: 'tinyrun web@front',
      linkinfo: { info_kind: 'veth', info_slave_data: { hairpin: true, isolated: true } },
    });
    expect(here.flags).toContain('UP');
    const [there] = guest.ask('addr', 'show', 'eth0');
    expect(there).toMatchObject({
      address: peer.mac,
      mtu: 1400,
      flags: expect.arrayContaining(['LOWER_UP']),
    });
    expect(there.addr_info).toContainEqual(expect.objectContaining({ local: '172.19.0.2', prefixlen: 16 }));
    const v6 = there.addr_info.find(({ local }: { local: string }) => local === 'fd00:19::2');
    // nobody waits for its duplicates
    expect(v6).toMatchObject({ prefixlen: 64, nodad: true });
    expect(v6).not.toHaveProperty('tentative');
    const ours = { dst: 'default', dev: 'eth0', protocol: 'static' };
    expect(guest.ask('route')).toContainEqual(
      expect.objectContaining({ ...ours, gateway: '172.19.0.1', metric: 7 }),
    );
    expect(guest.ask('-6', 'route')).toContainEqual(
      expect.objectContaining({ ...ours, gateway: 'fd00:19::1', metric: 7 }),
    );
    expect(guest.ask('route', 'show', 'table', '101')).toHaveLength(1);
    const rule = { priority: 1000, table: '101' };
    expect(guest.ask('rule')).toContainEqual(expect.objectContaining({ ...rule, src: '172.19.0.2' }));
    expect(guest.ask('-6', 'rule')).toContainEqual(expect.objectContaining({ ...rule, src: 'fd00:19::2' }));

    send('', link.takeOff('tr0123456789abc'));
    const [off] = host.ask('link', 'show', 'tr0123456789abc');
    expect(off).not.toHaveProperty('master');
    expect(off.flags).not.toContain('UP');
    send('', link.removeLink('tr0123456789abc'));
    expect(guest.ask('link', 'show').map(({ ifname }) => ifname)).toEqual(['lo']);
    await guest.end();
  });

  test('that is not there is taken off and removed with ENODEV', () => {
    expect(refusal('', link.takeOff('trnone'))).toContain('ENODEV');
    expect(refusal('', link.removeLink('trnone'))).toContain('ENODEV');
  });

  test('of a bridge that is gone is not born: ENODEV', () => {
    const veth = { name: 'tr1', mtu: 1500, peer: { name: 'eth0', mac: '02:42:00:00:00:09' } };
    const born = [sends('host', 'br-none', link.addVeth(veth))];
    expect(() => new Guest(born, [])).toThrow('ENODEV');
    expect(host.ask('link').map(({ ifname }) => ifname)).not.toContain('tr1');
  });
});

test('routes and rules go', async () => {
  const from = { from: '10.9.0.2', table: 101, priority: 1000 };
  const way = { gateway: '10.9.0.1', metric: 5 };
  host.ip('link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'far');
  host.ip('link', 'set', 'far', 'up');
  send(
    'uplink',
    addAddress('10.9.0.2/24'),
    link.setUp(),
    route.addDefaultRoute(way),
    route.addSourceRule(from),
  );
  expect(refusal('uplink', route.addDefaultRoute(way))).toContain('EEXIST');
  send('uplink', route.removeDefaultRoute(way), route.removeSourceRule(from));
  expect(host.ask('route').filter(({ dst }) => dst === 'default')).toEqual([]);
  expect(host.ask('rule').filter(({ priority }) => priority === 1000)).toEqual([]);
  expect(refusal('uplink', route.removeDefaultRoute(way))).toContain('ESRCH');
  expect(refusal('uplink', route.removeSourceRule(from))).toContain('ENOENT');
});

/** Not every kernel has it. */
const hasIpvlan = (() => {
  host.ip('link', 'add', 'try0', 'type', 'veth', 'peer', 'name', 'try1');
  try {
    host.ip('link', 'add', 'try2', 'link', 'try0', 'type', 'ipvlan');
    return true;
  } catch {
    return false;
  } finally {
    host.ip('link', 'del', 'try0');
  }
})();

const children = (
  [
    ['macvlan', link.addMacvlan({ name: 'tr77', mac: '02:42:00:00:00:77', mtu: 1400 }), { mode: 'bridge' }],
    ['ipvlan', link.addIpvlan({ name: 'tr77', mtu: 1400 }), { mode: 'l2' }],
    ['ipvlan', link.addIpvlan({ name: 'tr77', mtu: 1400 }, 'l3s'), { mode: 'l3s' }],
  ] as const
).filter(([kind]) => kind !== 'ipvlan' || hasIpvlan);

test.each(children)('a child of %s is born inside, and renamed', async (kind, message, data) => {
  // the host may have one of the name it gets
  host.ip('link', 'add', 'parent0', 'type', 'veth', 'peer', 'name', 'eth0');
  const inside = [sends('container', 'tr77', link.rename('eth0')), sends('container', 'eth0', link.setUp())];
  host.ip('link', 'set', 'parent0', 'up');
  const guest = new Guest([sends('host', 'parent0', message)], inside);
  expect(guest.ask('link', 'show', 'eth0')[0]).toMatchObject({
    mtu: 1400,
    flags: expect.arrayContaining(['UP']),
    linkinfo: { info_kind: kind, info_data: data },
  });
  expect(host.ask('link').map(({ ifname }) => ifname)).not.toContain('tr77');
  await guest.end();
  host.ip('link', 'del', 'parent0');
});
