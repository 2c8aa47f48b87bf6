import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Netns } from '../../support/netns.ts';
import { until } from '../../support/programs.ts';
import { Host } from './support.ts';

let host: Host;
let lan: Netns;
beforeAll(() => {
  host = new Host();
  lan = new Netns();
  const there = `/proc/${process.pid}/fd/${lan.fd}`;
  host.netns.ip('link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'port', 'netns', there);
  host.netns.ip('addr', 'add', '192.0.2.1/24', 'dev', 'uplink');
  host.netns.ip('link', 'set', 'uplink', 'up');
  lan.ip('addr', 'add', '192.0.2.9/24', 'dev', 'port');
  lan.ip('link', 'set', 'port', 'up');
});
afterAll(async () => {
  await host.close();
  lan.dispose();
});

/** A page, and who asked for it, in the program's log. */
const SERVER = 'mkdir /www; echo hello > /www/index.html; exec httpd -f -v -p 80 -h /www';

/** Serves at port 80, once it is heard to. */
async function serve(name: string, ...flags: string[]): Promise<string> {
  const id = await host.ok(['run', '-d', '--name', name, ...flags, 'busybox', 'sh', '-c', SERVER]);
  const script = 'until wget -q -O - http://127.0.0.1/; do sleep 0.05; done';
  expect(await host.in(name, script)).toContain('hello');
  return id;
}

const fetch = (from: Netns, url: string): string => from.exec('curl', ['-s', '-g', '-m', '10', url]).trim();

test('tinyrun.json says where, for what -p and -P leave open', async () => {
  mkdirSync(`${host.sandbox.dir}/config/tinyrun`, { recursive: true });
  writeFileSync(`${host.sandbox.dir}/config/tinyrun/tinyrun.json`, '{"publishHost":"127.0.0.1"}');
  const env = { ...host.env, XDG_CONFIG_HOME: `${host.sandbox.dir}/config` };
  const flags = ['--name', 'inward', '-P', '--expose', '80', '-p', '8090:80', '--expose', '81'];
  const { code } = await host.tinyrun(['run', '-d', ...flags, 'busybox', 'sh', '-c', SERVER], { env });
  expect(code).toBe(0);
  const lines = (await host.ok(['port', 'inward'])).split('\n');
  expect(lines).toEqual(['80/tcp -> 127.0.0.1:8090', expect.stringMatching(/^81\/tcp -> 127\.0\.0\.1:\d+$/)]);
  await host.in('inward', 'until wget -q -O - http://127.0.0.1/; do sleep 0.05; done');
  expect(fetch(host.netns, 'http://127.0.0.1:8090')).toBe('hello');
  expect(() => fetch(lan, 'http://192.0.2.1:8090')).toThrow();
  await host.ok(['rm', '-f', 'inward']);
});

describe('a published port', () => {
  beforeAll(() => serve('web', '-p', '8080:80'));
  afterAll(() => host.ok(['rm', '-f', 'web']));

  test.each(['127.0.0.1', '192.0.2.1', '172.17.0.1'])('is reached from the host by %s', (address) => {
    expect(fetch(host.netns, `http://${address}:8080/`)).toBe('hello');
  });

  test('from the LAN, which keeps its address', async () => {
    expect(fetch(lan, 'http://192.0.2.1:8080/')).toBe('hello');
    expect(await host.ok(['logs', 'web'])).toBeDefined();
    const { stderr } = await host.tinyrun(['logs', 'web']);
    expect(stderr).toContain('192.0.2.9');
  });

  test('from another container by the host’s address, and from itself', async () => {
    const url = 'http://192.0.2.1:8080/';
    const other = ['run', '--rm', 'busybox', 'wget', '-q', '-O', '-', url];
    expect(await host.ok(other)).toBe('hello');
    expect(await host.in('web', `wget -q -O - ${url}`)).toBe('hello');
  });

  test('port, ps and inspect tell of it', async () => {
    expect(await host.ok(['port', 'web'])).toBe('80/tcp -> 0.0.0.0:8080');
    expect(await host.ok(['port', 'web', '80'])).toBe('0.0.0.0:8080');
    expect(await host.ok(['ps', '--format', '{{.Ports}}'])).toBe('0.0.0.0:8080->80/tcp');
    const { NetworkSettings } = await host.inspect('web');
    expect(NetworkSettings.Ports).toEqual({ '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080' }] });
  });

  test('nobody else gets it, and is told who has it', async () => {
    const before = host.ports();
    const { code, stderr } = await host.tinyrun(['run', '--rm', '-p', '8080:80', 'busybox', 'true']);
    expect(code).toBe(125);
    expect(stderr).toMatch(
      /driver failed programming external connectivity .* Bind for 0\.0\.0\.0:8080 failed: port is already allocated \(by the container web\)/,
    );
    expect(host.ports()).toEqual(before);
    expect(host.elements('map', 'any4').length).toBe(1);
  });

  test('it goes on after a restart', async () => {
    await host.ok(['restart', '-t', '0', 'web']);
    await host.in('web', 'until wget -q -O - http://127.0.0.1/; do sleep 0.05; done');
    expect(fetch(host.netns, 'http://127.0.0.1:8080/')).toBe('hello');
    expect(host.elements('map', 'any4').length).toBe(1);
  });

  test('and comes back with a table that somebody has flushed', async () => {
    host.netns.exec('nft', ['flush', 'ruleset']);
    await host.ok(['run', '--rm', '-p', '8081:80', 'busybox', 'true']);
    expect(fetch(host.netns, 'http://127.0.0.1:8080/')).toBe('hello');
  });
});

test('one on 127.0.0.1 is not reached from the LAN', async () => {
  await serve('near', '-p', '127.0.0.1:8090:80');
  expect(fetch(host.netns, 'http://127.0.0.1:8090/')).toBe('hello');
  expect(() => lan.exec('curl', ['-s', '-m', '2', 'http://192.0.2.1:8090/'])).toThrow();
  await host.ok(['rm', '-f', 'near']);
});

test('a program of the host that has the port is named with its pid', async () => {
  const script = "require('net').createServer().listen(8085, '0.0.0.0', () => console.log('up'))";
  const server = host.netns.run(() => spawn(process.execPath, ['-e', script]));
  await new Promise((resolve) => server.stdout.once('data', resolve));
  const { code, stderr } = await host.tinyrun(['run', '--rm', '-p', '8085:80', 'busybox', 'true']);
  expect([code, stderr]).toEqual([125, expect.stringContaining(`by node, pid ${server.pid})`)]);
  server.kill();
  await new Promise((resolve) => server.once('close', resolve));
});

test('a port that is left to us is a free one', async () => {
  await serve('any', '-p', '80');
  const place = await host.ok(['port', 'any', '80']);
  expect(place).toMatch(/^0\.0\.0\.0:\d+$/);
  expect(fetch(host.netns, `http://127.0.0.1:${place.split(':')[1]}/`)).toBe('hello');
  await host.ok(['rm', '-f', 'any']);
});

test('of a range each takes the first that nobody has', async () => {
  const range = ['-p', '8101-8102:80'];
  const start = (name: string) => host.sleeper('--name', name, ...range);
  await start('low');
  await start('high');
  expect(await host.ok(['port', 'low'])).toBe('80/tcp -> 0.0.0.0:8101');
  expect(await host.ok(['port', 'high'])).toBe('80/tcp -> 0.0.0.0:8102');
  const { stderr } = await host.tinyrun(['run', '--rm', ...range, 'busybox', 'true']);
  expect(stderr).toContain('port is already allocated');
  await host.ok(['rm', '-f', 'low', 'high']);
});

test.each(['monitor', 'program'] as const)('kill -9 of the %s frees the port', async (whom) => {
  await serve('killed', '-p', '8086:80');
  const { State } = await host.inspect('killed');
  host.kill(State.Pid, whom);
  if (whom === 'program') await until(() => host.ports().length === 0);
  await host.ok(['ps', '-a']);
  expect(host.elements('map', 'any4')).toEqual([]);
  await host.ok(['rm', '-f', 'killed']);
  await serve('next', '-p', '8086:80');
  expect(fetch(host.netns, 'http://127.0.0.1:8086/')).toBe('hello');
  await host.ok(['rm', '-f', 'next']);
  expect([host.ports(), host.leases(), host.elements('map', 'any4')]).toEqual([[], [], []]);
});
