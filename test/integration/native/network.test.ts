import { describe, expect, test } from 'vitest';
import { CLONE_NEWNET, isolated } from './isolated.ts';

describe('rtnetlink, in a network of its own', () => {
  test('a bridge, a veth, addresses and routes', () => {
    const { links, addresses, routes } = isolated(CLONE_NEWNET, ({ addon: { netlink } }) => {
      netlink.linkAdd({ name: 'br0', kind: 'bridge' });
      netlink.linkAdd({
        name: 'v0',
        kind: 'veth',
        peer: { name: 'v1', address: '02:42:0a:01:00:02' },
        mtu: 1400,
      });
      netlink.linkSet('v0', { master: 'br0', up: true });
      netlink.linkSet('v1', { newName: 'eth0', up: true, mtu: 1300 });
      netlink.linkSet('lo', { up: true });
      netlink.linkSet('br0', { up: true });
      netlink.addressAdd('eth0', '10.1.0.2/24');
      netlink.addressAdd('eth0', 'fd00::2/64');
      netlink.routeAdd({ gateway: '10.1.0.1' });
      netlink.routeAdd({ destination: '10.9.0.0/16', device: 'br0' });
      return { links: netlink.linkList(), addresses: netlink.addressList(), routes: netlink.routeList() };
    });
    const bridge = links.find(({ name }) => name === 'br0');
    expect(bridge).toMatchObject({ kind: 'bridge', up: true });
    expect(links.find(({ name }) => name === 'v0')).toMatchObject({ kind: 'veth', master: bridge?.index });
    expect(links.find(({ name }) => name === 'eth0')).toMatchObject({
      address: '02:42:0a:01:00:02',
      mtu: 1300,
    });
    expect(addresses).toContainEqual({
      index: expect.any(Number),
      family: 4,
      address: '10.1.0.2',
      prefix: 24,
      isPermanent: true,
      isGlobal: true,
    });
    expect(addresses).toContainEqual({
      index: expect.any(Number),
      family: 6,
      address: 'fd00::2',
      prefix: 64,
      isPermanent: true,
      isGlobal: true,
    });
    expect(routes).toContainEqual({
      family: 4,
      destination: '0.0.0.0',
      prefix: 0,
      gateway: '10.1.0.1',
      index: expect.any(Number),
    });
    expect(routes).toContainEqual({ family: 4, destination: '10.9.0.0', prefix: 16, index: bridge?.index });
  });

  test('the other end in a container, and work in there by its fd', () => {
    const seen = isolated(CLONE_NEWNET, ({ addon, fs }) => {
      const container = addon.clone({ flags: 0x40000000n });
      const netns = fs.openSync(`/proc/${container.pid}/ns/net`, 'r');
      addon.netlink.linkAdd({ name: 'v0', kind: 'veth', peer: { name: 'eth0', netnsFd: netns } });
      addon.netlink.addressAdd('eth0', '10.2.0.2/24', netns);
      addon.netlink.linkSet('eth0', { up: true }, netns);
      const inside = addon.netlink.linkList(netns).map(({ name }) => name);
      const outside = addon.netlink.linkList().map(({ name }) => name);
      addon.netlink.linkAdd({ name: 'd0', kind: 'veth', peer: { name: 'd1' } });
      addon.netlink.linkSet('d0', { netnsFd: netns });
      const moved = addon.netlink.linkList(netns).map(({ name }) => name);
      const addresses = addon.netlink.addressList(netns).map(({ address }) => address);
      addon.pidfdSendSignal(container.pidfd, 9);
      return { inside, outside, moved, addresses };
    });
    expect(seen.inside.sort()).toEqual(['eth0', 'lo']);
    expect(seen.outside.sort()).toEqual(['lo', 'v0']);
    expect(seen.moved.sort()).toEqual(['d0', 'eth0', 'lo']);
    expect(seen.addresses).toContain('10.2.0.2');
  });

  test('what the kernel refuses, and what is refused before', () => {
    const codes = isolated(CLONE_NEWNET, ({ addon: { netlink }, code }) => {
      netlink.linkAdd({ name: 'd0', kind: 'bridge' });
      netlink.addressAdd('d0', '10.1.0.2/24');
      const mac = (address: string) => code(() => netlink.linkSet('d0', { address }));
      return [
        code(() => netlink.linkAdd({ name: 'd0', kind: 'bridge' })),
        code(() => netlink.linkAdd({ name: 'x', kind: 'nonesuch' as 'bridge' })),
        code(() => netlink.linkDelete('nope')),
        code(() => netlink.addressAdd('d0', '10.1.0.2/24')),
        code(() => netlink.routeAdd({ gateway: '99.1.1.1' })),
        code(() => netlink.addressAdd('d0', '10.1.0.2/33')),
        code(() => netlink.addressAdd('d0', '10.1.0/24')),
        code(() => netlink.linkAdd({ name: 'x'.repeat(16), kind: 'bridge' })),
        mac('02:42:0a:01:00'),
        mac('02:42:0a:01:00:0g'),
        mac('02:42:0a:01:00:02:03'),
        mac('02:42:0a:01:00:02'),
      ];
    });
    const range = 'ERR_OUT_OF_RANGE';
    expect(codes).toEqual([
      'EEXIST',
      'EOPNOTSUPP',
      'ENODEV',
      'EEXIST',
      'ENETUNREACH',
      range,
      range,
      range,
      range,
      range,
      range,
      'success',
    ]);
  });
});
