import { afterAll, beforeAll, expect, test } from 'vitest';
import { Host } from './support.ts';

let host: Host;
beforeAll(async () => {
  host = new Host();
  await host.ok(['network', 'create', 'shop']);
});
afterAll(() => host.close());

test('containers of a network that somebody made find one another by name, alias and short id', async () => {
  const id = await host.sleeper('--name', 'store', '--network', 'shop', '--network-alias', 'db');
  await host.sleeper('--name', 'front', '--network', 'shop');
  const { IPAddress } = (await host.inspect('store')).NetworkSettings.Networks.shop;
  expect(await host.in('front', 'cat /etc/resolv.conf')).toMatch(/^nameserver 127\.0\.0\.11$/m);
  for (const name of ['store', 'db', 'store.shop', id.slice(0, 12)])
    expect(await host.in('front', `nslookup ${name} | tail -n +3`), name).toContain(IPAddress);
  await host.ok(['rm', '-f', 'store']);
  const { code } = await host.tinyrun(['exec', 'front', 'nslookup', 'store']);
  expect(code).toBe(1);
  await host.ok(['rm', '-f', 'front']);
});

test('in the network that is always there are none', async () => {
  await host.sleeper('--name', 'plain');
  expect(await host.in('plain', 'cat /etc/resolv.conf')).not.toContain('127.0.0.11');
  await host.ok(['rm', '-f', 'plain']);
});
