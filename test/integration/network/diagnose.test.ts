import { readFileSync, renameSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Netns } from '../../support/netns.ts';
import { ended, resolverOf } from './names.support.ts';
import { Host } from './support.ts';

// `network why`: each breakage is made, told, and mended by what it says.

let host: Host;
let bridge: string;
beforeAll(async () => {
  host = new Host();
  // a way out
  host.netns.ip('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1');
  for (const link of ['up0', 'up1']) host.netns.ip('link', 'set', link, 'up');
  host.netns.ip('addr', 'add', '10.99.0.1/24', 'dev', 'up0');
  host.netns.ip('route', 'add', 'default', 'via', '10.99.0.2');
  bridge = `br-${(await host.ok(['network', 'create', 'front'])).slice(0, 12)}`;
  await host.ok(['network', 'create', '--internal', 'back']);
  await host.ok(['network', 'create', '-o', 'com.docker.network.bridge.enable_icc=false', 'apart']);
  await serve('web', 'front', '-p', '8080:80', '-p', '127.0.0.1:8081:80');
  await serve('alone', 'apart');
  await serve('plain', 'bridge');
  for (const [name, network] of [
    ['app', 'front'],
    ['far', 'back'],
    ['other', 'apart'],
    ['simple', 'bridge'],
    ['deaf', 'none'],
  ] as const)
    await host.sleeper('--name', name, '--network', network);
});
afterAll(() => host.close());

/** Listens at port 80 of all its addresses, and at 90 of its loopback. */
const serve = (name: string, network: string, ...flags: string[]): Promise<string> =>
  host.ok([
    'run',
    '-d',
    '--name',
    name,
    '--network',
    network,
    ...flags,
    'busybox',
    'sh',
    '-c',
    'httpd -p 80; httpd -p 127.0.0.1:90; exec sleep 1000',
  ]);

interface Report {
  readonly Works: boolean;
  readonly ID: string;
  readonly At: string;
  readonly Says: string;
  readonly Mend: string;
}

async function why(line: string): Promise<Report & { code: number }> {
  const { code, stdout, stderr } = await host.tinyrun(['network', 'why', '--json', ...line.split(' ')]);
  expect(stderr).toBe('');
  return { ...(JSON.parse(stdout) as Report), code };
}

/** The network of a container. */
async function within<T>(name: string, act: (netns: Netns) => T): Promise<T> {
  const netns = new Netns((await host.inspect(name)).State.Pid);
  try {
    return act(netns);
  } finally {
    netns.dispose();
  }
}

const address = async (name: string, network: string): Promise<string> =>
  (await host.inspect(name)).NetworkSettings.Networks[network].IPAddress;

const nft = (...args: string[]): string => host.netns.exec('nft', args);

const sysctl = (key: string, value: string): string =>
  host.netns.exec('sh', ['-c', `echo ${value} >/proc/sys/${key}`]);

const reload = () => host.ok(['network', 'reload']);
const again = (name: string) => host.ok(['restart', '-t', '0', name]);

test.each([
  'app web 80',
  'app web',
  'web host',
  'app internet',
  'app 192.0.2.1 443',
  'host web 8080',
  'host web 80',
  'host web 8081',
  'internet web 8080',
  'internet web',
  'host alone 80',
  'web web 90',
])('%s: nothing breaks', async (line) => {
  const { stdout, code } = await host.tinyrun(['network', 'why', ...line.split(' ')]);
  expect(stdout).not.toContain('✗');
  expect(code).toBe(0);
});

/** What is asked and breaks as things are. */
const AS_IT_IS: readonly (readonly [line: string, id: string, mend: string])[] = [
  ['ap web', 'unknown', 'is it app that is meant?'],
  ['app nobody', 'unknown', 'tinyrun ps -a lists containers'],
  ['app far', 'elsewhere', 'tinyrun network connect back app'],
  ['simple plain 80', 'no-names', 'tinyrun network create both'],
  ['deaf web', 'no-network', '--network NETWORK'],
  ['app deaf', 'no-network', '--network NETWORK'],
  ['far internet', 'internal', 'network connect NETWORK far'],
  ['far host', 'internal', 'network connect NETWORK far'],
  ['internet far 80', 'internal', 'network connect NETWORK far'],
  ['other alone 80', 'icc', 'tinyrun network create both'],
  ['app web 81', 'nobody-listens', 'ask port 80'],
  ['app web 90', 'loopback-only', '0.0.0.0:90'],
  ['app web 80/udp', 'nobody-listens', 'tinyrun logs web'],
  ['app host 7', 'nobody-listens', 'have a program listen there'],
  ['internet web 80', 'not-published', 'ask port 8080 of the host'],
  ['internet app 80', 'not-published', '-p 80:80'],
  ['internet web 8081', 'published-on-loopback', '-p 8081:80'],
];

test.each(AS_IT_IS)('%s: %s', async (line, id, mend) => {
  const report = await why(line);
  expect(report).toMatchObject({ ID: id, Works: false, code: 1 });
  expect(report.Mend).toContain(mend);
});

test('by address: another network’s, one that nobody has, one of IPv6', async () => {
  expect(await why(`app ${await address('far', 'back')}`)).toMatchObject({ ID: 'isolated', code: 1 });
  const free = (await address('web', 'front')).replace(/\d+$/, '77');
  expect(await why(`app ${free}`)).toMatchObject({ ID: 'no-such-address', code: 1 });
  expect(await why('app 2001:db8::1')).toMatchObject({ ID: 'no-ipv6', code: 1 });
  expect(await why(`simple ${await address('plain', 'bridge')} 80`)).toMatchObject({ ID: '', code: 0 });
});

test('--link gives a name on the default bridge', async () => {
  await host.sleeper('--name', 'linked', '--link', 'plain');
  expect(await why('linked plain 80')).toMatchObject({ ID: '', code: 0 });
});

test('what is no port is refused', async () => {
  for (const port of ['0', '65536', 'http', '80/sctp']) {
    const { code, stderr } = await host.tinyrun(['network', 'why', 'app', 'web', port]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${JSON.stringify(port)} is no port`);
  }
});

interface Breakage {
  readonly id: string;
  readonly ask: string;
  readonly make: () => unknown;
  /** What the report says to do, and whatever else the test has put there. */
  readonly mend: () => unknown;
  readonly says?: string;
}

const linkOf = async (name: string): Promise<string> => {
  const index = await within(name, (netns) => netns.ask('link', 'show', 'eth0')[0].link_index);
  return host.netns.ask('link').find(({ ifindex }) => ifindex === index)?.ifname;
};

const names = () => `${host.sandbox.dir}/run/names`;
const idOf = async (name: string): Promise<string> => (await host.inspect(name)).Id;
const frontId = async (): Promise<string> => JSON.parse(await host.ok(['network', 'inspect', 'front']))[0].Id;

let moved = '';
const hide = (file: string): void => {
  moved = file;
  renameSync(file, `${file}.hidden`);
};
const show = (): void => renameSync(`${moved}.hidden`, moved);

const BREAKAGES: readonly Breakage[] = [
  {
    id: 'stopped',
    ask: 'app web 80',
    make: () => host.ok(['stop', '-t', '0', 'web']),
    mend: () => host.ok(['start', 'web']),
  },
  {
    id: 'paused',
    ask: 'app web 80',
    make: () => host.ok(['pause', 'web']),
    mend: () => host.ok(['unpause', 'web']),
  },
  {
    id: 'resolver-dead',
    ask: 'app web',
    make: async () => {
      const pid = resolverOf(names()) ?? 0;
      process.kill(pid, 'SIGKILL');
      await ended(pid);
    },
    mend: reload,
  },
  {
    id: 'view-gone',
    ask: 'app web',
    make: async () => hide(`${names()}/views/${await idOf('app')}`),
    mend: show,
  },
  {
    id: 'name-gone',
    ask: 'app web',
    make: async () => hide(`${names()}/${await frontId()}/${await idOf('web')}`),
    mend: show,
  },
  {
    id: 'names-table-gone',
    ask: 'app web',
    make: () => within('app', (netns) => netns.exec('nft', ['flush', 'ruleset'])),
    mend: () => again('app'),
  },
  {
    id: 'link-gone',
    ask: 'app web 80',
    make: () => within('app', (netns) => netns.ip('link', 'del', 'eth0')),
    mend: () => again('app'),
  },
  {
    id: 'link-down',
    ask: 'app web 80',
    make: () => within('web', (netns) => netns.ip('link', 'set', 'eth0', 'down')),
    mend: () => again('web'),
  },
  {
    id: 'address-gone',
    ask: 'app web 80',
    make: () => within('web', (netns) => netns.ip('addr', 'flush', 'dev', 'eth0')),
    mend: async () => {
      await host.ok(['network', 'disconnect', 'front', 'web']);
      await host.ok(['network', 'connect', 'front', 'web']);
    },
  },
  {
    id: 'no-default-route',
    ask: 'app internet',
    make: () => within('app', (netns) => netns.ip('route', 'del', 'default')),
    mend: () => again('app'),
  },
  {
    id: 'host-end-down',
    ask: 'app web',
    make: async () => host.netns.ip('link', 'set', await linkOf('web'), 'down'),
    mend: async () => host.netns.ip('link', 'set', await linkOf('web'), 'up'),
  },
  {
    id: 'off-bridge',
    ask: 'app web',
    make: async () => host.netns.ip('link', 'set', await linkOf('web'), 'nomaster'),
    mend: async () => host.netns.ip('link', 'set', await linkOf('web'), 'master', bridge),
  },
  {
    id: 'bridge-down',
    ask: 'app web',
    make: () => host.netns.ip('link', 'set', bridge, 'down'),
    mend: () => host.netns.ip('link', 'set', bridge, 'up'),
  },
  {
    id: 'bridge-gone',
    ask: 'app web',
    make: () => host.netns.ip('link', 'del', bridge),
    mend: async () => {
      await again('web');
      await again('app');
    },
  },
  {
    id: 'gateway-gone',
    ask: 'app internet',
    make: () => host.netns.ip('addr', 'flush', 'dev', bridge),
    mend: async () => {
      const { Mend } = await why('app internet');
      host.netns.exec('sh', ['-c', Mend]);
    },
  },
  {
    id: 'mtu',
    ask: 'app web',
    make: () => host.netns.ip('link', 'set', bridge, 'mtu', '1400'),
    mend: () => host.netns.ip('link', 'set', bridge, 'mtu', '1500'),
  },
  {
    id: 'route-taken',
    ask: 'host web 80',
    says: 'up0',
    make: async () => {
      const [{ Subnet }] = JSON.parse(await host.ok(['network', 'inspect', 'front']))[0].IPAM.Config;
      host.netns.ip('route', 'replace', Subnet, 'dev', 'up0');
    },
    mend: async () => {
      const [{ Subnet }] = JSON.parse(await host.ok(['network', 'inspect', 'front']))[0].IPAM.Config;
      host.netns.ip('route', 'replace', Subnet, 'dev', bridge);
    },
  },
  {
    id: 'forwarding-off',
    ask: 'app internet',
    make: () => sysctl('net/ipv4/ip_forward', '0'),
    mend: () => sysctl('net/ipv4/ip_forward', '1'),
  },
  {
    id: 'host-offline',
    ask: 'app internet',
    make: () => host.netns.ip('route', 'del', 'default'),
    mend: () => host.netns.ip('route', 'add', 'default', 'via', '10.99.0.2'),
  },
  {
    id: 'wrong-neighbour',
    ask: 'app web',
    make: async () => {
      const web = await address('web', 'front');
      await within('app', (netns) =>
        netns.ip('neigh', 'replace', web, 'lladdr', '02:00:00:00:00:99', 'dev', 'eth0', 'nud', 'permanent'),
      );
    },
    mend: async () => {
      const web = await address('web', 'front');
      await within('app', (netns) => netns.ip('neigh', 'del', web, 'dev', 'eth0'));
    },
  },
  { id: 'table-gone', ask: 'internet web 8080', make: () => nft('flush', 'ruleset'), mend: reload },
  {
    id: 'element-missing',
    ask: 'internet web 8080',
    says: 'any4 { tcp . 8080 }',
    make: () => nft('delete', 'element', 'inet', 'tinyrun', 'any4', '{ tcp . 8080 }'),
    mend: reload,
  },
  {
    id: 'element-missing',
    ask: 'app internet',
    says: 'masq4',
    make: () => nft('flush', 'set', 'inet', 'tinyrun', 'masq4'),
    mend: reload,
  },
  {
    id: 'route-localnet-off',
    ask: 'host web 8080',
    make: () => sysctl(`net/ipv4/conf/${bridge}/route_localnet`, '0'),
    mend: () => sysctl(`net/ipv4/conf/${bridge}/route_localnet`, '1'),
  },
  {
    id: 'foreign-forward',
    ask: 'app internet',
    says: 'chain FORWARD of the table ip filter (Docker)',
    make: () =>
      host.netns.exec('sh', [
        '-c',
        'iptables -N DOCKER-USER; iptables -A FORWARD -j DOCKER-USER; iptables -P FORWARD DROP',
      ]),
    mend: reload,
  },
  {
    id: 'foreign-forward',
    ask: 'internet web 8080',
    says: 'chain theirs of the table inet strict',
    make: () =>
      nft(
        'add table inet strict; add chain inet strict theirs { type filter hook forward priority 5; policy drop; }',
      ),
    mend: async () => host.netns.exec('sh', ['-c', (await why('internet web 8080')).Mend]),
  },
  {
    id: 'foreign-input',
    ask: 'app host 22',
    says: 'ufw',
    make: () =>
      host.netns.exec('sh', [
        '-c',
        'iptables -N ufw-user-input; iptables -A INPUT -j ufw-user-input; iptables -P INPUT DROP',
      ]),
    mend: () => host.netns.exec('sh', ['-c', 'iptables -A ufw-user-input -p tcp --dport 22 -j ACCEPT']),
  },
];

describe('what somebody breaks', () => {
  test.each(BREAKAGES)('$id: $ask', async ({ id, ask, make, mend, says }) => {
    const before = await why(ask);
    await make();
    const report = await why(ask);
    expect(report).toMatchObject({ ID: id, Works: false, code: 1 });
    if (says) expect(report.Says).toContain(says);
    await mend();
    expect((await why(ask)).ID).toBe(before.ID);
  });
});

test('no resolver of the host is known', async () => {
  const script =
    'mount --bind /dev/null /etc/resolv.conf && exec "$0" network why app internet --format "{{.ID}}"';
  const { stdout } = await host.exec('unshare', ['-m', 'sh', '-c', script, `${process.cwd()}/bin/tinyrun`]);
  expect(stdout).toBe('no-servers\n');
});

test('network reload says what it would do, does that, and the second time nothing', async () => {
  nft('delete', 'element', 'inet', 'tinyrun', 'any4', '{ tcp . 8080 }');
  const explained = await host.ok(['network', 'reload', '--explain']);
  expect(explained).toContain('any4');
  expect(host.elements('map', 'any4')).toEqual([]);
  const { stderr } = await host.tinyrun(['network', 'reload', '--trace']);
  expect(stderr).toContain('any4');
  expect(host.elements('map', 'any4')).toHaveLength(1);
  expect((await reload()).split('\n')).toEqual(expect.arrayContaining(['front', 'back', 'apart', 'bridge']));
});

test('network graph: who is where, by what, what leads to it, and what is not as it should be', async () => {
  const tree = await host.ok(['network', 'graph']);
  const web = await address('web', 'front');
  const link = await linkOf('web');
  expect(tree).toContain(`─ front  ${bridge}  `);
  expect(tree).toContain(`─ web  eth0 ${web}  ↔ ${link}`);
  expect(tree).toContain('─ 8080 → 80/tcp');
  expect(tree).toMatch(/─ forward: drop: straight to a container {2}\d+ packets {2}\d+ bytes/);
  const file = `${host.sandbox.dir}/networks`;
  await host.ok(['network', 'graph', '--html', file]);
  expect(readFileSync(file, 'utf8')).toMatch(/^<!doctype html>/);
  await host.ok(['network', 'graph', '--svg', file]);
  expect(readFileSync(file, 'utf8')).toMatch(/^<svg .*<\/svg>\n$/s);
  host.netns.ip('link', 'set', link, 'nomaster');
  const graph = JSON.parse(await host.ok(['network', 'graph', '--json']));
  const front = graph.children.find(({ name }: { name: string }) => name === 'front');
  expect(front.children).toContainEqual(
    expect.objectContaining({ name: 'web', bad: `${link} is no port of ${bridge}` }),
  );
  host.netns.ip('link', 'set', link, 'master', bridge);
  const { code, stderr } = await host.tinyrun(['network', 'graph', '--json', '--html', file]);
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('one of them at a time'),
  });
});

test('what is said to work does', async () => {
  host.netns.exec('iptables', ['-P', 'INPUT', 'ACCEPT']);
  expect(await why('host web 8080')).toMatchObject({ Works: true });
  const { stdout } = await host.exec('curl', [
    '-s',
    '-m',
    '60',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    'http://127.0.0.1:8080/',
  ]);
  expect(stdout).toBe('404');
});
