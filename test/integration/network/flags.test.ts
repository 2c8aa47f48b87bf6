// What the flags of run say of networks, seen from inside of the container, and in what lists and clears networks away.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Host } from './support.ts';

let host: Host;
beforeAll(async () => {
  host = new Host();
  await host.ok(['network', 'create', '--subnet', '10.41.0.0/24', 'front']);
  await host.ok(['network', 'create', '--subnet', '10.42.0.0/24', '--ip-range', '10.42.0.128/25', 'back']);
  await host.ok(['network', 'create', '--subnet', '10.43.0.0/24', 'idle']);
});
afterAll(() => host.close());

/** Of networks that somebody made. */
const bridges = (): string[] =>
  host.netns
    .ask('link', 'show', 'type', 'bridge')
    .map(({ ifname }) => String(ifname))
    .filter((name) => name.startsWith('br-'));

test('several networks, each with what was asked for there', async () => {
  await host.sleeper(
    ...['--name', 'app', '--network', 'front', '--ip', '10.41.0.77', '--mac-address', '02:42:0a:29:00:99'],
    ...['--network', 'name=back,alias=db,gw-priority=5,interface-name=lan0'],
  );
  const links = await host.in('app', 'ip -o -4 addr; ip link show eth0; ip route');
  expect(links).toMatch(/eth0 +inet 10\.41\.0\.77\/24/);
  expect(links).toMatch(/lan0 +inet 10\.42\.0\.128\/24/);
  expect(links).toContain('link/ether 02:42:0a:29:00:99');
  // the highest priority is the first way out
  expect(links).toMatch(/^default via 10\.42\.0\.1 dev lan0/m);
  const { HostConfig, NetworkSettings } = await host.inspect('app');
  expect(HostConfig.NetworkMode).toBe('front');
  expect(Object.keys(NetworkSettings.Networks).sort()).toEqual(['back', 'front']);
  expect(await host.ok(['ps', '--format', '{{.Names}} {{.Networks}}', '-f', 'network=back'])).toMatch(
    /^app (front,back|back,front)$/,
  );
  expect(await host.ok(['ps', '-q', '-f', 'network=idle'])).toBe('');
});

test('network inspect tells who is in it, and how much of it is in use', async () => {
  const [front, back] = JSON.parse(await host.ok(['network', 'inspect', 'front', 'back']));
  expect(Object.values(front.Containers)).toMatchObject([
    { Name: 'app', IPv4Address: '10.41.0.77/24', MacAddress: '02:42:0a:29:00:99', IPv6Address: '' },
  ]);
  // the network, its broadcast address, its gateway and the container
  expect(front.Status.IPAM.Subnets['10.41.0.0/24']).toEqual({ IPsInUse: 4, DynamicIPsAvailable: 252 });
  expect(back.Status.IPAM.Subnets['10.42.0.0/24']).toEqual({ IPsInUse: 4, DynamicIPsAvailable: 127 });
  expect(await host.ok(['network', 'ls', '-f', 'dangling=true', '--format', '{{.Name}}'])).toBe('idle');
});

test('what somebody is in stays, until they have ended', async () => {
  const { code, stderr } = await host.tinyrun(['network', 'rm', 'front']);
  const id = await host.ok(['ps', '-q', '-f', 'name=app']);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    new RegExp(
      `^tinyrun: error while removing network: network front id [0-9a-f]{64} has active endpoints \\(name:"app" id:"${id}"\\)\n`,
    ),
  );
  expect(await host.ok(['network', 'prune', '-f'])).toBe('Deleted Networks:\nidle');
  await host.ok(['rm', '-f', 'app']);
  expect(await host.ok(['system', 'prune', '-f', '--filter', 'label!=none'])).toMatch(
    /^Deleted Networks:\nback\nfront\n/,
  );
  expect(bridges()).toEqual([]);
});

test('of a network and its first container at once, either the container is in it or it is gone', async () => {
  for (let round = 0; round < 8; round++) {
    await host.ok(['network', 'create', '--subnet', '10.44.0.0/24', 'brief']);
    const name = `racer${round}`;
    const [run, rm] = await Promise.all([
      host.tinyrun(['run', '-d', '--name', name, '--network', 'brief', 'busybox', 'sleep', '1000']),
      host.tinyrun(['network', 'rm', 'brief']),
    ]);
    const left = await host.ok(['network', 'ls', '-q', '-f', 'name=^brief$']);
    expect({ round, code: rm.code, isLeft: left !== '' }).toEqual({
      round,
      code: rm.code,
      isLeft: rm.code !== 0,
    });
    if (rm.code === 0) expect(run, 'a network that is gone has nobody').toMatchObject({ code: 125 });
    else expect(run.code, run.stderr).toBe(0);
    await host.tinyrun(['rm', '-f', name]);
    await host.ok(['network', 'rm', '-f', 'brief']);
    expect(bridges()).toEqual([]);
  }
});
