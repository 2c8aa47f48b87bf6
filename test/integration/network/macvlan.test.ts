import { afterAll, beforeAll, expect, test } from 'vitest';
import { Netns } from '../../support/netns.ts';
import { Host } from './support.ts';

let host: Host;
let lan: Netns;
beforeAll(async () => {
  host = new Host();
  lan = new Netns();
  const there = `/proc/${process.pid}/fd/${lan.fd}`;
  host.netns.ip('link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'port', 'netns', there);
  host.netns.ip('addr', 'add', '192.0.2.1/24', 'dev', 'uplink');
  host.netns.ip('link', 'set', 'uplink', 'up');
  lan.ip('addr', 'add', '192.0.2.9/24', 'dev', 'port');
  lan.ip('link', 'set', 'port', 'up');
  const subnet = ['--subnet', '192.0.2.0/24', '--gateway', '192.0.2.9', '--ip-range', '192.0.2.128/25'];
  await host.ok(['network', 'create', '-d', 'macvlan', '-o', 'parent=uplink', ...subnet, 'lan']);
});
afterAll(async () => {
  await host.close();
  lan.dispose();
});

test('containers are neighbours on the LAN of the parent, found by name among themselves', async () => {
  await host.sleeper('--name', 'one', '--network', 'lan', '-p', '8080:80');
  await host.sleeper('--name', 'two', '--network', 'lan', '--ip', '192.0.2.200');
  const { NetworkSettings } = await host.inspect('one');
  const { IPAddress, MacAddress, Gateway } = NetworkSettings.Networks.lan;
  expect([IPAddress.startsWith('192.0.2.1'), Gateway]).toEqual([true, '192.0.2.9']);
  expect(await host.in('one', 'ip -o link show eth0')).toContain(MacAddress);
  expect(await host.in('one', 'ip route')).toContain('default via 192.0.2.9 dev eth0');
  expect(await host.in('one', 'ping -c 1 -W 5 192.0.2.9')).toContain('1 packets received');
  expect(await host.in('one', 'ping -c 1 -W 5 two')).toContain('(192.0.2.200)');
  expect(lan.exec('busybox', ['ping', '-c', '1', '-W', '5', '192.0.2.200'])).toContain('1 packets received');
  // nothing of it is on the host, and no port
  expect(host.netns.ask('link').map(({ ifname }) => ifname)).toEqual(['lo', 'uplink']);
  expect(await host.ok(['port', 'one'])).toBe('');
  await host.ok(['rm', '-f', 'one', 'two']);
  expect(host.leases()).toEqual([]);
});

test('one that runs comes into it, and leaves', async () => {
  await host.sleeper('--name', 'guest');
  await host.ok(['network', 'connect', 'lan', 'guest']);
  expect(await host.in('guest', 'ping -c 1 -W 5 -I eth1 192.0.2.9')).toContain('1 packets received');
  await host.ok(['network', 'disconnect', 'lan', 'guest']);
  expect((await host.in('guest', 'ls /sys/class/net')).split('\n')).toEqual(['eth0', 'lo']);
  await host.ok(['rm', '-f', 'guest']);
  expect([host.ports(), host.leases()]).toEqual([[], []]);
});

test('inspect and ls tell of it; one parent has one network', async () => {
  expect(await host.ok(['network', 'ls', '--filter', 'driver=macvlan', '--format', '{{.Name}}'])).toBe('lan');
  const [{ Driver, IPAM, Options }] = JSON.parse(await host.ok(['network', 'inspect', 'lan']));
  expect([Driver, Options]).toEqual(['macvlan', { parent: 'uplink' }]);
  expect(IPAM.Config).toEqual([{ Subnet: '192.0.2.0/24', IPRange: '192.0.2.128/25', Gateway: '192.0.2.9' }]);
  const make = async (...options: string[]) =>
    (await host.tinyrun(['network', 'create', '-d', 'macvlan', ...options, 'more'])).stderr;
  expect(await make('-o', 'parent=uplink')).toContain('network lan is already using parent interface uplink');
  expect(await make('-o', 'parent=lo', '-o', 'macvlan_mode=no')).toContain(
    'failed to parse macvlan_mode value: no',
  );
});
