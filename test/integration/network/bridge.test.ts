import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Netns } from '../../support/netns.ts';
import { until } from '../../support/programs.ts';
import { Host } from './support.ts';

let host: Host;
beforeAll(() => {
  host = new Host();
});
afterAll(() => host.close());

/** Links of containers that have ended may still be dying. */
const bridges = () => host.netns.ask('link', 'show', 'type', 'bridge').map(({ ifname }) => ifname);

const pidOf = async (container: string): Promise<number> => (await host.inspect(container)).State.Pid;

test('a container that asks for no network is in that of the host’s bridge', async () => {
  const script =
    'ip -o addr show eth0; ip route; cat /etc/hosts; cat /proc/sys/net/ipv4/conf/eth0/arp_notify';
  const shown = await host.ok(['run', '--rm', '--hostname', 'me', 'busybox', 'sh', '-c', script]);
  expect(shown).toMatch(/inet 172\.17\.0\.2\/16 .*eth0/);
  expect(shown).toMatch(/^default via 172\.17\.0\.1 dev eth0/m);
  expect(shown).toMatch(/^172\.17\.0\.2\tme$/m);
  expect(shown).not.toMatch(/127\.0\.1\.1|inet6/);
  expect(shown).toMatch(/^1$/m);
  const [bridge] = host.netns.ask('link', 'show', 'tinyrun0');
  expect(bridge).toMatchObject({ ifalias: 'tinyrun bridge', linkinfo: { info_kind: 'bridge' } });
  expect(bridge.flags).toContain('UP');
  expect(host.netns.exec('sysctl', ['-n', 'net.ipv4.ip_forward']).trim()).toBe('1');
});

test('nothing of a container is left at its end, and its address rests', async () => {
  expect([host.ports(), host.leases()]).toEqual([[], []]);
  const shown = await host.ok(['run', '--rm', 'busybox', 'ip', '-o', '-4', 'addr', 'show', 'eth0']);
  expect(shown).toContain('172.17.0.3/16');
});

test('none, host and another’s are as they were, and need nothing of it', async () => {
  expect(await host.ok(['run', '--rm', '--network', 'none', 'busybox', 'ls', '/sys/class/net'])).toBe('lo');
  expect(await host.ok(['run', '--rm', '--network', 'host', 'busybox', 'ip', '-o', 'link'])).toContain(
    'tinyrun0',
  );
  await host.sleeper('--name', 'first');
  const own = await host.addressOf('first');
  const shown = await host.ok([
    'run',
    '--rm',
    '--network',
    'container:first',
    'busybox',
    'ip',
    '-o',
    '-4',
    'addr',
  ]);
  expect(shown).toContain(`${own}/16`);
  await host.ok(['rm', '-f', 'first']);
});

test('containers reach one another, the host, and by its address whoever the host reaches', async () => {
  const lan = new Netns();
  const peer = [
    'link',
    'add',
    'uplink',
    'type',
    'veth',
    'peer',
    'name',
    'port',
    'netns',
    `/proc/${process.pid}/fd/${lan.fd}`,
  ];
  host.netns.ip(...peer);
  host.netns.ip('addr', 'add', '192.0.2.1/24', 'dev', 'uplink');
  host.netns.ip('link', 'set', 'uplink', 'up');
  lan.ip('addr', 'add', '192.0.2.9/24', 'dev', 'port');
  lan.ip('link', 'set', 'port', 'up');
  await host.sleeper('--name', 'one');
  await host.sleeper('--name', 'other');
  const other = await host.addressOf('other');
  for (const to of [other, '172.17.0.1', '192.0.2.1', '192.0.2.9'])
    expect(await host.in('one', `ping -c 1 -W 5 ${to}`), to).toContain('1 packets received');
  // the LAN knows no way to 172.17.0.0/16: an answer came for the host's address
  expect(lan.ip('route')).not.toContain('172.17');
  await host.ok(['rm', '-f', 'one', 'other']);
  lan.dispose();
});

test('inspect, ps and stats tell of it', async () => {
  const id = await host.sleeper('--name', 'told');
  const { NetworkSettings: settings, HostConfig } = await host.inspect('told');
  expect(HostConfig.NetworkMode).toBe('bridge');
  expect(settings).toMatchObject({
    Gateway: '172.17.0.1',
    IPPrefixLen: 16,
    MacAddress: expect.stringMatching(/^02:42:ac:11:00:/),
    EndpointID: expect.stringMatching(/^[0-9a-f]{64}$/),
    SandboxKey: expect.stringMatching(/^\/proc\/\d+\/ns\/net$/),
  });
  expect(settings.Networks.bridge.IPAddress).toBe(settings.IPAddress);
  expect(await host.ok(['ps', '--format', '{{.Networks}}'])).toBe('bridge');
  await host.in('told', 'ping -c 3 -s 1000 -W 5 172.17.0.1');
  expect(await host.ok(['stats', '--no-stream', '--format', '{{.NetIO}}', 'told'])).toMatch(
    /^[3-9]\.\d+kB \/ /,
  );
  await host.ok(['stop', '-t', '0', id]);
  expect((await host.inspect('told')).NetworkSettings.IPAddress).toBe('');
  await host.ok(['rm', 'told']);
});

test('restart and start give it a new link, and no lease is left behind', async () => {
  await host.sleeper('--name', 'again');
  const [first] = host.ports();
  await host.ok(['restart', '-t', '0', 'again']);
  const [second] = host.ports();
  expect(second).toMatch(/^tr[0-9a-f]{13}$/);
  expect(second).not.toBe(first);
  expect(host.leases()).toEqual([await host.addressOf('again')]);
  await host.ok(['stop', '-t', '0', 'again']);
  expect([host.ports(), host.leases()]).toEqual([[], []]);
  await host.ok(['start', 'again']);
  expect(await host.in('again', 'ping -c 1 -W 5 172.17.0.1')).toContain('1 packets received');
  await host.ok(['rm', '-f', 'again']);
});

describe('what others do to it', () => {
  test('a bridge that is gone is made again by the next container', async () => {
    host.netns.ip('link', 'del', 'tinyrun0');
    const shown = await host.ok(['run', '--rm', 'busybox', 'ping', '-c', '1', '-W', '5', '172.17.0.1']);
    expect(shown).toContain('1 packets received');
  });

  test('so is a table that somebody has flushed', async () => {
    host.netns.exec('nft', ['flush', 'ruleset']);
    host.netns.ip('link', 'del', 'tinyrun0');
    await host.ok(['run', '--rm', 'busybox', 'true']);
    expect(host.elements('set', 'bridges')).toEqual(['tinyrun0']);
  });

  test.each(['monitor', 'program'] as const)('kill -9 of the %s, and a sweep', async (whom) => {
    const name = `killed-${whom}`;
    await host.sleeper('--name', name);
    const pid = await pidOf(name);
    expect(host.ports().length).toBe(1);
    host.kill(pid, whom);
    // its monitor takes back what its program had; where that is killed, a sweep
    await until(() => whom !== 'program' || host.ports().length + host.leases().length === 0);
    await host.ok(['ps', '-a']);
    expect([host.ports(), host.leases()]).toEqual([[], []]);
    await host.ok(['rm', '-f', name]);
  });

  test('kill -9 of a command in the foreground, and a sweep', async () => {
    const { pid, closed } = host.start(['run', '--rm', 'busybox', 'sleep', '1000']);
    await until(() => host.ports().length === 1);
    process.kill(pid, 'SIGKILL');
    await closed;
    await host.ok(['ps', '-a']);
    expect([host.ports(), host.leases()]).toEqual([[], []]);
  });
});

test('20 starts at once have 20 addresses, and all of them reach the host', async () => {
  const names = Array.from({ length: 20 }, (_, n) => `many-${n}`);
  await Promise.all(names.map((name) => host.sleeper('--name', name)));
  const addresses = await Promise.all(names.map((name) => host.addressOf(name)));
  expect(new Set(addresses).size).toBe(20);
  expect(host.leases().sort()).toEqual([...addresses].sort());
  expect(host.ports().length).toBe(20);
  const script = addresses.map((address) => `ping -c 1 -W 5 ${address}`).join(' && ');
  expect((await host.in('many-0', script)).match(/1 packets received/g)?.length).toBe(20);
  await host.ok(['rm', '-f', ...names]);
  expect([host.ports(), host.leases()]).toEqual([[], []]);
});

test('an address that is asked for and is none of it is refused, and nothing is made', async () => {
  const before = bridges();
  const { code, stderr } = await host.tinyrun(['run', '--rm', '--network', 'nowhere', 'busybox', 'true']);
  expect([code, stderr]).toEqual([125, expect.stringContaining('network nowhere not found')]);
  expect(bridges()).toEqual(before);
});

test('two networks are apart; one that is removed leaves nothing', async () => {
  for (const name of ['red', 'blue']) await host.ok(['network', 'create', name]);
  await host.sleeper('--name', 'in-red', '--network', 'red');
  await host.sleeper('--name', 'in-red-too', '--network', 'red');
  await host.sleeper('--name', 'in-blue', '--network', 'blue');
  const addressIn = async (container: string, network: string): Promise<string> =>
    (await host.inspect(container)).NetworkSettings.Networks[network].IPAddress;
  const red = await addressIn('in-red', 'red');
  expect(await host.in('in-red-too', `ping -c 1 -W 5 ${red}`)).toContain('1 packets received');
  const apart = await host.tinyrun(['exec', 'in-blue', 'ping', '-c', '1', '-W', '1', red]);
  expect([apart.code, apart.stdout]).toEqual([1, expect.stringContaining('0 packets received')]);
  const [shown] = JSON.parse(await host.ok(['network', 'inspect', 'red']));
  expect(Object.keys(shown.Containers).length).toBe(2);
  const used = await host.tinyrun(['network', 'rm', 'red']);
  expect([used.code, used.stderr]).toEqual([1, expect.stringMatching(/has active endpoints/)]);
  await host.ok(['rm', '-f', 'in-red', 'in-red-too', 'in-blue']);
  await host.ok(['network', 'rm', 'red', 'blue']);
  expect(host.netns.ask('link', 'show', 'type', 'bridge').map(({ ifname }) => ifname)).toEqual(['tinyrun0']);
  expect(host.elements('set', 'bridges')).toEqual(['tinyrun0']);
});

test('an internal network reaches nobody else, the host included', async () => {
  await host.ok(['network', 'create', '--internal', 'inside']);
  await host.sleeper('--name', 'shut', '--network', 'inside');
  expect(await host.in('shut', 'ip route')).not.toContain('default');
  const [{ IPAM }] = JSON.parse(await host.ok(['network', 'inspect', 'inside']));
  const gateway = IPAM.Config[0].Gateway as string;
  const { code } = await host.tinyrun(['exec', 'shut', 'ping', '-c', '1', '-W', '1', gateway]);
  expect(code).toBe(1);
  await host.ok(['rm', '-f', 'shut']);
  await host.ok(['network', 'rm', 'inside']);
});
