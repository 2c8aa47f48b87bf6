import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ended, resolverOf } from './names.support.ts';
import { Host } from './support.ts';

// Containers of a network that somebody made find each other: the whole way, by command lines.

let host: Host;
beforeAll(async () => {
  host = new Host();
  await host.ok(['network', 'create', 'front']);
  await host.ok(['network', 'create', '--internal', 'back']);
});
afterAll(() => host.close());

const names = () => `${host.sandbox.dir}/run/names`;

async function addressOf(container: string, network: string): Promise<string> {
  return (await host.inspect(container)).NetworkSettings.Networks[network].IPAddress;
}

async function gateway(network: string): Promise<string> {
  return JSON.parse(await host.ok(['network', 'inspect', network]))[0].IPAM.Config[0].Gateway;
}

/** The resolver of this host. */
const resolver = (): number | undefined => resolverOf(names());

const ask = (network: string, script: string) =>
  host.ok(['run', '--rm', '--network', network, 'busybox', 'sh', '-c', script]);

test('by name, alias, short id and the network’s name behind it, as they come and go', async () => {
  await host.sleeper('--name', 'web', '--network', 'front', '--network-alias', 'pool', '--hostname', 'shown');
  await host.sleeper('--name', 'db', '--network', 'front', '--network-alias', 'pool');
  const [web, db, id] = [
    await addressOf('web', 'front'),
    await addressOf('db', 'front'),
    (await host.inspect('web')).Id,
  ];
  const shown = await ask(
    'front',
    `for name in web web.front ${id.slice(0, 12)} shown pool; do nslookup -type=a $name; done; cat /etc/resolv.conf; ping -c 1 -w 20 db`,
  );
  expect(shown.match(new RegExp(`^Address: ${web}$`, 'gm'))).toHaveLength(5);
  expect(shown.match(new RegExp(`^Address: ${db}$`, 'gm'))).toHaveLength(1);
  expect(shown).toMatch(/^nameserver 127\.0\.0\.11$/m);
  expect(shown).toMatch(/^options ndots:0$/m);
  expect(shown).toContain('1 packets received');
  await host.ok(['rm', '-f', 'db']);
  expect(await ask('front', 'nslookup -type=a pool')).not.toContain(db);
});

test('by the name that it has now, once it was given another', async () => {
  await host.sleeper('--name', 'before', '--network', 'front', '--network-alias', 'stays');
  const address = await addressOf('before', 'front');
  await host.ok(['rename', 'before', 'after']);
  const found = (name: string) => ask('front', `nslookup -type=a ${name}; true`);
  for (const name of ['after', 'after.front', 'stays']) expect(await found(name)).toContain(address);
  for (const name of ['before', 'before.front']) expect(await found(name)).not.toContain(address);
  await host.ok(['stop', '-t', '0', 'after']);
  await host.ok(['rename', 'after', 'later']);
  expect(await found('later')).not.toContain(address);
  await host.ok(['start', 'later']);
  expect(await found('later')).toContain(await addressOf('later', 'front'));
  await host.ok(['rm', '-f', 'later']);
});

test('a name that makes its names more than the resolver keeps is refused, and nothing has changed', async () => {
  const aliases = Array.from({ length: 15 }, (_, n) => ['--network-alias', `${n}`.padEnd(120, 'a')]).flat();
  await host.sleeper('--name', 'short', '--network', 'front', ...aliases);
  const address = await addressOf('short', 'front');
  const { code, stderr } = await host.tinyrun(['rename', 'short', 'l'.repeat(200)]);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/more than the resolver keeps/),
  });
  expect((await host.inspect('short')).Name).toBe('/short');
  expect(await ask('front', 'nslookup -type=a short')).toContain(address);
  await host.ok(['rename', 'short', 'shorter']);
  await host.ok(['rm', '-f', 'shorter']);
});

test('stats count what went over a network', async () => {
  await host.sleeper('--name', 'counted', '--network', 'front');
  const bytes = async () => {
    const [line = '{}'] = (
      await host.ok(['stats', '--no-stream', '--format', '{{json .}}', 'counted'])
    ).split('\n');
    return JSON.parse(line).NetIO as string;
  };
  const before = await bytes();
  await host.ok(['exec', 'counted', 'ping', '-c', '3', '-s', '40000', '-i', '0.1', await gateway('front')]);
  const [received = '', sent = ''] = (await bytes()).split(' / ');
  expect(before).not.toMatch(/^\d\d\d\.?\d*kB/);
  // three times 40,000, and what frames have around it
  expect([received, sent].map((text) => /^1[2-9]\dkB$/.test(text))).toEqual([true, true]);
  await host.ok(['rm', '-f', 'counted']);
});

test('not from another network, nor from the one that is always there', async () => {
  expect(await ask('back', 'nslookup -type=a web; cat /etc/resolv.conf; true')).not.toContain(
    await addressOf('web', 'front'),
  );
  expect(await ask('bridge', 'cat /etc/resolv.conf')).not.toContain('127.0.0.11');
});

test('a link is a name of one’s own', async () => {
  const shown = await host.ok([
    'run',
    '--rm',
    '--network',
    'front',
    '--link',
    'web:friend',
    'busybox',
    'nslookup',
    '-type=a',
    'friend',
  ]);
  expect(shown).toContain(await addressOf('web', 'front'));
});

test('a container that runs has the names of the networks that it comes into, and of no other', async () => {
  await host.sleeper('--name', 'moving', '--network', 'bridge');
  const web = await addressOf('web', 'front');
  const sees = async (name: string) =>
    (await host.tinyrun(['exec', 'moving', 'nslookup', '-type=a', name])).stdout;
  expect(await sees('web')).not.toContain(web);
  await host.ok(['network', 'connect', '--alias', 'moved', 'front', 'moving']);
  expect(await sees('web')).toContain(web);
  expect(await ask('front', 'nslookup -type=a moved')).toContain(await addressOf('moving', 'front'));
  await host.ok(['network', 'connect', 'back', 'moving']);
  expect(await ask('back', 'nslookup -type=a moving')).toContain(await addressOf('moving', 'back'));
  await host.ok(['network', 'disconnect', 'front', 'moving']);
  expect(await sees('web')).not.toContain(web);
  expect(await sees('moving')).toContain(await addressOf('moving', 'back'));
  expect((await host.tinyrun(['exec', 'web', 'nslookup', '-type=a', 'moved'])).code).toBe(1);
  await host.ok(['rm', '-f', 'moving']);
});

test('a resolver that was killed is there again with the next container, for all of them', async () => {
  const pid = resolver() ?? 0;
  process.kill(pid, 'SIGKILL');
  await ended(pid);
  await host.sleeper('--name', 'late', '--network', 'front');
  expect(await host.ok(['exec', 'late', 'nslookup', '-type=a', 'web'])).toContain(
    await addressOf('web', 'front'),
  );
  expect(await host.ok(['exec', 'web', 'nslookup', '-type=a', 'late'])).toContain(
    await addressOf('late', 'front'),
  );
});

test('nothing is left with the last of them', async () => {
  const pid = resolver() ?? 0;
  expect(pid).toBeGreaterThan(0);
  await host.ok(['rm', '-f', 'web', 'late']);
  await ended(pid);
  expect(resolver()).toBeUndefined();
  await host.ok(['network', 'rm', 'front', 'back']);
  expect(readdirSync(names()).sort()).toEqual(['lock', 'socket', 'views']);
  expect(readdirSync(`${names()}/views`)).toEqual([]);
});
