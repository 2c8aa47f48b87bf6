// The verbs of networks: what is made, listed, told of and taken away again. Nothing of it is in the kernel yet.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
const dir = path.join(sandbox.dir, 'data/networks');
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

async function out(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await sandbox.tinyrun(args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

/** Exit code and the line that says why. */
async function refused(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await sandbox.tinyrun(args);
  expect(stderr).toMatch(/^tinyrun: [^\n]+\nhint: [^\n]+\n$/);
  return `${code} ${stdout}${stderr.split('\n')[0]?.slice('tinyrun: '.length)}`;
}

const names = async (...filters: string[]) =>
  (await out('network', 'ls', '--format', '{{.Name}}', ...filters.flatMap((text) => ['-f', text])))
    .split('\n')
    .filter(Boolean);

const TABLE = `NETWORK ID     NAME      DRIVER    SCOPE
627269646765   bridge    bridge    local
686f7374206f   host      host      local
6e6f6e65206f   none      null      local
`;

test('three are always there, and nobody takes them away', async () => {
  expect(await out('network', 'ls')).toBe(TABLE);
  for (const name of ['bridge', 'host', 'none'])
    expect(await refused('network', 'rm', name)).toBe(
      `1 ${name} is a pre-defined network and cannot be removed`,
    );
  for (const name of ['bridge', 'host', 'none', 'default'])
    expect(await refused('network', 'create', name)).toBe(
      `1 operation is not permitted on predefined ${name} network`,
    );
  expect(await out('network', 'prune', '-f')).toBe('');
  expect(await out('network', 'ls', '-q', '--no-trunc')).toMatch(/^([0-9a-f]{64}\n){3}$/);
});

test('is made, told of, and goes', async () => {
  const made = (
    await out('network', 'create', '--label', 'team=web', '--subnet', '10.201.0.0/16', 'web')
  ).trim();
  expect(made).toMatch(/^[0-9a-f]{64}$/);
  const [shown] = JSON.parse(await out('network', 'inspect', made.slice(0, 6)));
  expect(shown).toMatchObject({
    Id: made,
    Name: 'web',
    Driver: 'bridge',
    IPAM: { Config: [{ Subnet: '10.201.0.0/16', Gateway: '10.201.0.1' }] },
    Labels: { team: 'web' },
    Containers: {},
  });
  expect(await out('network', 'inspect', '-f', '{{range .IPAM.Config}}{{.Subnet}}{{end}}', 'web')).toBe(
    '10.201.0.0/16\n',
  );
  expect(await refused('network', 'create', 'web')).toBe('1 network with name web already exists');
  expect(await refused('network', 'create', '--subnet', '10.201.7.0/24', 'other')).toBe(
    '1 Pool overlaps with other one on this address space: 10.201.7.0/24 and 10.201.0.0/16, which is that of the network web',
  );
  expect(readdirSync(dir).filter((name) => name !== 'names')).toEqual([made]);
  expect(await out('network', 'rm', 'web')).toBe('web\n');
  expect(readdirSync(dir)).toEqual(['names']);
  expect(await refused('network', 'rm', 'web')).toBe('1 network web not found');
  expect(await out('network', 'rm', '-f', 'web')).toBe('');
  expect(await refused('network', 'inspect', 'web')).toBe('1 []\nnetwork web not found');
  const events = await out(
    'events',
    '--since',
    '10m',
    '--until',
    '0s',
    '-f',
    'type=network',
    '--format',
    'json',
  );
  const told = events
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ Actor }) => Actor.ID === made);
  expect(told.map(({ Action }) => Action)).toEqual(['create', 'destroy']);
  expect(told[0]).toMatchObject({ Type: 'network', Actor: { Attributes: { name: 'web', type: 'bridge' } } });
  expect(told[0]).not.toHaveProperty('status');
});

test('each of twenty that are made at once has a subnet of its own', async () => {
  const twenty = Array.from({ length: 20 }, (_, n) => `many${n}`);
  await Promise.all(twenty.map((name) => out('network', 'create', '--subnet', '/24', name)));
  const subnets = JSON.parse(await out('network', 'inspect', ...twenty)).map(
    ({ IPAM }: { IPAM: { Config: { Subnet: string }[] } }) => IPAM.Config[0]?.Subnet,
  );
  expect(new Set(subnets).size).toBe(20);
  // of any number who want a name, one has it
  const same = await Promise.all(
    Array.from({ length: 5 }, () => sandbox.tinyrun(['network', 'create', 'one'])),
  );
  expect(same.map(({ code }) => code).sort()).toEqual([0, 1, 1, 1, 1]);
  expect(await out('network', 'rm', 'one', ...twenty)).toBe(`one\n${twenty.join('\n')}\n`);
});

test('filters', async () => {
  await out('network', 'create', '--label', 'team=web', '--subnet', '10.202.0.0/24', 'front');
  await out('network', 'create', '--internal', '--subnet', '10.203.0.0/24', '--ipv6', 'front-end');
  expect(await names('type=custom')).toEqual(['front', 'front-end']);
  const offered = (await out('__complete', 'network', 'rm', '')).trim().split('\n');
  expect(offered.sort()).toEqual([':done', 'bridge', 'front', 'front-end']);
  expect(await names('type=builtin')).toEqual(['bridge', 'host', 'none']);
  expect(await names('name=^front$')).toEqual(['front']);
  expect(await names('name=front')).toEqual(['front', 'front-end']);
  expect(await names('driver=null', 'driver=host')).toEqual(['host', 'none']);
  expect(await names('label=team')).toEqual(['front']);
  expect(await names('label=team=web', 'name=end')).toEqual([]);
  expect(await names('dangling=true')).toEqual(['front', 'front-end']);
  expect(await names('dangling=false', 'scope=local')).toEqual(['bridge', 'host', 'none']);
  expect(await names('scope=swarm')).toEqual([]);
  const id = (await out('network', 'ls', '-q', '-f', 'name=^front$')).trim();
  expect(await names(`id=${id}`)).toEqual(['front']);
  expect(await out('network', 'ls', '-f', 'name=end', '--format', '{{.IPv4}} {{.IPv6}} {{.Internal}}')).toBe(
    'true true true\n',
  );
  expect(await refused('network', 'ls', '-f', 'type=x')).toBe("1 invalid filter 'type=x'");
  expect(await refused('network', 'ls', '-f', 'dangling=x')).toBe("1 invalid filter 'dangling=x'");
});

test('prune takes what nobody is in; a damaged record is named, and stays until it is removed', async () => {
  await out('network', 'create', '--subnet', '10.204.0.0/24', '--label', 'keep', 'kept');
  const broken = (await out('network', 'create', '--subnet', '10.205.0.0/24', 'broken')).trim();
  writeFileSync(path.join(dir, broken, 'network.json'), 'x');
  const short = broken.slice(0, 12);
  const { stdout, stderr, code } = await sandbox.tinyrun([
    'network',
    'prune',
    '-f',
    '--filter',
    'label!=keep',
  ]);
  expect({ stdout, code }).toEqual({ stdout: 'Deleted Networks:\nfront\nfront-end\n\n', code: 1 });
  expect(stderr).toContain(`the record of the network ${short} is damaged`);
  // whoever chooses a subnet must know all that are taken
  expect(await refused('network', 'create', 'next')).toBe(`1 the record of the network ${short} is damaged`);
  expect(await out('network', 'rm', short)).toBe(`${short}\n`);
  expect(await out('network', 'prune', '-f')).toBe('Deleted Networks:\nkept\n\n');
});

test('system prune takes them, too, and says so beforehand', async () => {
  await out('network', 'create', '--subnet', '10.206.0.0/24', 'idle');
  const { stdout } = await sandbox.tinyrun(['system', 'prune']);
  expect(stdout).toContain(
    '  - all stopped containers\n  - all networks not used by at least one container\n  - all dangling images\n',
  );
  expect(await names('name=idle')).toEqual(['idle']);
  expect(await out('system', 'prune', '-f', '--filter', 'label!=none')).toMatch(
    /^Deleted Networks:\nidle\n\nTotal reclaimed space: \S+\n$/,
  );
});

test('nothing is made of what is refused', async () => {
  const before = readdirSync(dir, { recursive: true });
  for (const [args, said] of [
    [['--gateway', '10.9.0.1'], '1 every ip-range or gateway must have a corresponding subnet'],
    [['--subnet', '10.9.0.0/24', '--gateway', '10.9.1.1'], '1 no matching subnet for gateway 10.9.1.1'],
    [
      ['--subnet', '10.9.0.1/24'],
      '1 invalid network config: invalid subnet 10.9.0.1/24: it should be 10.9.0.0/24',
    ],
    [['-d', 'nosuch'], '1 plugin "nosuch" not found'],
    [['-d', 'ipvlan'], '1 the driver ipvlan is not there yet'],
    [['-d', 'macvlan', '-o', 'parent=nosuch'], '1 invalid parent nosuch: the host has no such link'],
    [['-d', 'host'], '1 only one instance of "host" network is allowed'],
    [
      ['-o', 'com.docker.network.bridge.enable_icc=perhaps'],
      '1 failed to parse com.docker.network.bridge.enable_icc value: perhaps (true or false is expected)',
    ],
    [
      ['-o', 'com.docker.network.bridge.name=lo'],
      '1 the bridge name lo is in use: a link of the host has it',
    ],
    [['--ipv4=false'], '1 IPv4 or IPv6 must be enabled'],
    [['--ingress'], '1 --ingress: it is for clusters (swarm), which there are not'],
  ] as const)
    expect(await refused('network', 'create', ...args, 'bad')).toBe(said);
  expect(await refused('network', 'create', 'a/b')).toBe('1 invalid name: "a/b" is no name of a network');
  expect(readdirSync(dir, { recursive: true })).toEqual(before);
});

test('a route of the host is in the way of a network', async () => {
  const routes = readFileSync('/proc/net/route', 'utf8').trim().split('\n').slice(1);
  const near = routes
    .map((line) => line.split('\t'))
    .find(([, to, , , , , , mask]) => to !== '00000000' && mask);
  if (near === undefined) return;
  const [device = '', to = '', , , , , , mask = ''] = near;
  const address = (to.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16));
  const prefix = [...Number.parseInt(mask, 16).toString(2)].filter((bit) => bit === '1').length;
  const subnet = `${address.join('.')}/${prefix}`;
  expect(await refused('network', 'create', '--subnet', subnet, 'near')).toBe(
    `1 Pool overlaps with other one on this address space: ${subnet} and ${subnet}, which is a route of the host by ${device}`,
  );
});

test('a container that runs is in the way of its network', async () => {
  await out('run', '-d', '--name', 'app', '--network', 'none', 'busybox', 'sleep', '1000');
  expect(await names('dangling=true', 'name=none')).toEqual([]);
  const [shown] = JSON.parse(await out('network', 'inspect', 'none'));
  expect(Object.values(shown.Containers)).toMatchObject([{ Name: 'app', IPv4Address: '' }]);
  await out('rm', '-f', 'app');
});
