import { afterAll, beforeAll, expect, test } from 'vitest';
import { Host } from './support.ts';

let host: Host;
beforeAll(async () => {
  host = new Host();
  for (const name of ['red', 'blue']) await host.ok(['network', 'create', name]);
});
afterAll(() => host.close());

const addressIn = async (container: string, network: string): Promise<string> =>
  (await host.inspect(container)).NetworkSettings.Networks[network]?.IPAddress;

test('a container that runs is connected, reached, and taken out again', async () => {
  await host.sleeper('--name', 'one', '--network', 'red');
  await host.sleeper('--name', 'other', '--network', 'blue');
  const other = await addressIn('other', 'blue');
  await host.ok(['network', 'connect', 'blue', 'one']);
  const own = await addressIn('one', 'blue');
  expect(await host.in('one', 'ip -o -4 addr show eth1')).toContain(own);
  expect(await host.in('one', `ping -c 1 -W 5 ${other}`)).toContain('1 packets received');
  expect(await host.in('other', `ping -c 1 -W 5 ${own}`)).toContain('1 packets received');
  expect(await host.in('one', 'cat /etc/hosts')).toContain(own);
  expect(host.leases().length).toBe(3);
  expect(await host.in('other', 'ping -c 1 -W 5 one')).toContain('1 packets received');
  expect(await host.in('one', 'ping -c 1 -W 5 other')).toContain('1 packets received');
  const again = await host.tinyrun(['network', 'connect', 'blue', 'one']);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('already exists in network blue')]);

  await host.ok(['network', 'disconnect', 'blue', 'one']);
  expect(await host.in('one', 'ls /sys/class/net; cat /etc/hosts')).not.toContain(own);
  expect((await host.tinyrun(['exec', 'other', 'nslookup', 'one'])).code).toBe(1);
  expect(host.leases().length).toBe(2);
  expect(await addressIn('one', 'blue')).toBeUndefined();
  await host.ok(['network', 'disconnect', 'red', 'one']);
  expect(await host.in('one', 'ls /sys/class/net')).toBe('lo');
  await host.ok(['rm', '-f', 'one', 'other']);
  expect([host.ports(), host.leases()]).toEqual([[], []]);
});

test('what is connected stays so over a restart, and a kill -9 of its monitor leaves nothing', async () => {
  await host.sleeper('--name', 'kept', '--network', 'red');
  await host.ok(['network', 'connect', 'blue', 'kept']);
  await host.ok(['restart', '-t', '0', 'kept']);
  expect(await host.in('kept', 'ls /sys/class/net')).toMatch(/eth0\neth1/);
  await host.ok(['network', 'disconnect', 'blue', 'kept']);
  await host.ok(['network', 'connect', 'blue', 'kept']);
  const { State } = await host.inspect('kept');
  host.kill(State.Pid, 'monitor');
  await host.ok(['ps', '-a']);
  expect([host.ports(), host.leases()]).toEqual([[], []]);
  await host.ok(['rm', '-f', 'kept']);
});

test('one that does not run is connected when it starts', async () => {
  await host.ok(['create', '--name', 'later', '--network', 'red', 'busybox', 'sleep', '1000']);
  await host.ok(['network', 'connect', 'blue', 'later']);
  await host.ok(['start', 'later']);
  expect(await addressIn('later', 'blue')).toMatch(/^172\./);
  await host.ok(['rm', '-f', 'later']);
});

test('who has the network of the host, or none, is in no other', async () => {
  await host.sleeper('--name', 'alone', '--network', 'none');
  const { code, stderr } = await host.tinyrun(['network', 'connect', 'red', 'alone']);
  expect([code, stderr]).toEqual([1, expect.stringContaining('cannot be connected')]);
  await host.ok(['rm', '-f', 'alone']);
});
