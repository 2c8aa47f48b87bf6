import { expect, test } from 'vitest';
import { CLONE_NEWNET, isolated } from './isolated.ts';

test('what rtnetlink lists, here and in a network namespace by its fd', () => {
  const { links, addresses, inside } = isolated(CLONE_NEWNET, ({ addon, fs }) => {
    const { spawnSync } = process.getBuiltinModule('node:child_process');
    const ip = (...args: string[]) => spawnSync('ip', args, { stdio: 'inherit' });
    ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1');
    ip('link', 'set', 'eth1', 'up');
    ip('addr', 'add', '10.1.0.2/24', 'dev', 'eth0');
    ip(
      'addr',
      'add',
      '10.1.0.3/32',
      'dev',
      'eth0',
      'scope',
      'link',
      'valid_lft',
      '900',
      'preferred_lft',
      '900',
    );
    ip('addr', 'add', 'fd00::2/64', 'dev', 'eth0');
    ip('link', 'set', 'eth0', 'up');
    const container = addon.clone({ flags: 0x40000000n });
    const netns = fs.openSync(`/proc/${container.pid}/ns/net`, 'r');
    const seen = {
      links: addon.netlink.linkList(),
      addresses: addon.netlink.addressList(),
      inside: [addon.netlink.linkList(netns), addon.netlink.addressList(netns)],
    };
    addon.pidfdSendSignal(container.pidfd, 9);
    return seen;
  });
  const eth0 = links.find(({ name }) => name === 'eth0');
  expect(eth0).toEqual({ index: expect.any(Number), name: 'eth0', up: true, master: 0, mtu: 1500 });
  expect(inside).toEqual([[{ index: 1, name: 'lo', up: false, master: 0, mtu: 65536 }], []]);
  const of = { index: eth0?.index, isPermanent: true, isGlobal: true };
  expect(addresses).toContainEqual({ ...of, family: 4, address: '10.1.0.2', prefix: 24 });
  expect(addresses).toContainEqual({ ...of, family: 6, address: 'fd00::2', prefix: 64 });
  const lease = { isPermanent: false, isGlobal: false };
  expect(addresses).toContainEqual({ ...of, ...lease, family: 4, address: '10.1.0.3', prefix: 32 });
});
