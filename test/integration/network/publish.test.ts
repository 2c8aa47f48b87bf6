import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Netns } from '../../support/netns.ts';
import { Host } from './support.ts';

let host: Host;
beforeAll(async () => {
  host = new Host();
  host.netns.ip('link', 'add', 'uplink', 'type', 'bridge');
  host.netns.ip('addr', 'add', '192.0.2.1/24', 'dev', 'uplink');
  host.netns.ip('link', 'set', 'uplink', 'up');
});
afterAll(() => host.close());

const SERVER = 'mkdir /www; echo hello > /www/index.html; exec httpd -f -p 80 -h /www';

async function serve(name: string, ...flags: string[]): Promise<void> {
  await host.ok(['run', '-d', '--name', name, ...flags, 'busybox', 'sh', '-c', SERVER]);
  await host.in(name, 'until wget -q -O - http://127.0.0.1/; do sleep 0.05; done');
}

const fetch = (from: Netns, url: string): string => from.exec('curl', ['-s', '-g', '-m', '10', url]).trim();
const reaches = (port: number): boolean => {
  try {
    return fetch(host.netns, `http://192.0.2.1:${port}/`) === 'hello';
  } catch {
    return false;
  }
};
const sockets = (port: number): string => host.netns.exec('ss', ['-Hatn', `sport = :${port}`]);

test('ports of a container that runs come and go, and nobody else gets them meanwhile', async () => {
  await serve('web', '-p', '8080:80');
  await host.ok(['update', '-p', '8081:80', 'web']);
  expect([reaches(8080), reaches(8081)]).toEqual([true, true]);
  expect(await host.ok(['port', 'web'])).toBe('80/tcp -> 0.0.0.0:8080\n80/tcp -> 0.0.0.0:8081');
  const taken = await host.tinyrun(['run', '--rm', '-p', '8081:80', 'busybox', 'true']);
  expect([taken.code, taken.stderr]).toEqual([125, expect.stringContaining('(by the container web)')]);
  // held, and not only written down
  expect(() => host.netns.exec('nc', ['-l', '-p', '8081', '-w', '1'])).toThrow();

  await host.ok(['update', '--publish-rm', '8080:80', 'web']);
  expect([reaches(8080), reaches(8081)]).toEqual([false, true]);
  expect(await host.ok(['port', 'web'])).toBe('80/tcp -> 0.0.0.0:8081');
  await host.ok(['restart', '-t', '0', 'web']);
  await host.in('web', 'until wget -q -O - http://127.0.0.1/; do sleep 0.05; done');
  expect([reaches(8080), reaches(8081)]).toEqual([false, true]);
  await host.ok(['rm', '-f', 'web']);
  expect([host.elements('map', 'any4'), host.ports()]).toEqual([[], []]);
});

test('a port that is given up is another’s, and stays so when who had it ends', async () => {
  await serve('first', '-p', '8090:80');
  await host.ok(['update', '--publish-rm', '80', 'first']);
  await serve('second', '-p', '8090:80');
  await host.ok(['rm', '-f', 'first']);
  expect(reaches(8090)).toBe(true);
  await host.ok(['rm', '-f', 'second']);
});

test('one moves to an address, or to another port of the container, at once', async () => {
  await serve('moved', '-p', '8095:81');
  await host.ok(['update', '--publish-rm', '8095:81', '-p', '127.0.0.1:8095:80', 'moved']);
  expect(reaches(8095)).toBe(false);
  expect(fetch(host.netns, 'http://127.0.0.1:8095/')).toBe('hello');
  expect(host.elements('map', 'any4')).toEqual([]);
  await host.ok(['rm', '-f', 'moved']);
  expect(host.elements('map', 'at4')).toEqual([]);
});

test('one that somebody has is refused with who, and what there was stays', async () => {
  await serve('holder', '-p', '8096:80');
  await serve('other', '-p', '8097:80');
  const { code, stderr } = await host.tinyrun([
    'update',
    '-p',
    '8096:80',
    '--publish-rm',
    '8097:80',
    'other',
  ]);
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining('port is already allocated (by the container holder)'),
  ]);
  expect([reaches(8096), reaches(8097)]).toEqual([true, true]);
  expect(await host.ok(['port', 'other'])).toBe('80/tcp -> 0.0.0.0:8097');
  // its end takes back its own, and nothing of the other
  await host.ok(['rm', '-f', 'other']);
  expect([reaches(8096), host.elements('map', 'any4').length]).toEqual([true, 1]);
  await host.ok(['rm', '-f', 'holder']);
});

test('kill -9 of the monitor frees what was added, and a table that was flushed is made again', async () => {
  await serve('killed');
  host.netns.exec('nft', ['flush', 'ruleset']);
  await host.ok(['update', '-p', '8098:80', 'killed']);
  expect(reaches(8098)).toBe(true);
  const { State } = await host.inspect('killed');
  host.kill(State.Pid, 'monitor');
  await host.ok(['ps', '-a']);
  expect(host.elements('map', 'any4')).toEqual([]);
  expect(sockets(8098)).toBe('');
  await host.ok(['rm', '-f', 'killed']);
});

test('of one that does not run the record has them', async () => {
  await host.ok(['create', '--name', 'later', '-p', '8100-8102:80-82', 'busybox', 'sleep', '1000']);
  await host.ok(['update', '--publish-rm', '8101:81', '-p', '8110:90/udp', 'later']);
  await host.ok(['start', 'later']);
  expect(await host.ok(['port', 'later'])).toBe(
    '80/tcp -> 0.0.0.0:8100\n82/tcp -> 0.0.0.0:8102\n90/udp -> 0.0.0.0:8110',
  );
  await host.ok(['rm', '-f', 'later']);
});

test('what cannot be is refused in words', async () => {
  await host.sleeper('--name', 'alone', '--network', 'none');
  await host.sleeper('--name', 'plain');
  const refused = async (...args: string[]) => (await host.tinyrun(['update', ...args])).stderr;
  expect(await refused('-p', '80:80', 'alone')).toContain('port publishing and the none network mode');
  expect(await refused('--publish-rm', '80', 'plain')).toContain("No public port '80/tcp' published");
  expect(await refused('-p', '80:80', '-p', '80:81', 'plain')).toContain('published already');
  await host.ok(['rm', '-f', 'alone', 'plain']);
});

test('the plan is told before, and as it was done', async () => {
  await host.sleeper('--name', 'told');
  const plan = await host.ok(['update', '--explain', '-p', '8120:80', 'told']);
  expect(plan).toMatch(/monitor +.*bind\(fd0, 0\.0\.0\.0:8120\)/);
  expect(plan).toMatch(/monitor +.*NFT_MSG_NEWSETELEM/);
  expect(await host.ok(['port', 'told'])).toBe('');
  const { code, stderr } = await host.tinyrun(['update', '--trace', '-p', '8120:80', 'told']);
  expect([code, stderr]).toEqual([0, expect.stringContaining('sendto(lookPlan)')]);
  expect(await host.ok(['port', 'told'])).toBe('80/tcp -> 0.0.0.0:8120');
  await host.ok(['rm', '-f', 'told']);
});

test('ports lead to where the best gateway is, as networks come and go', async () => {
  for (const name of ['red', 'blue']) await host.ok(['network', 'create', name]);
  await serve('both', '--network', 'red', '-p', '8130:80');
  const leadsTo = async (network: string): Promise<boolean> => {
    const { NetworkSettings } = await host.inspect('both');
    const elements = host.elements('map', 'any4');
    return (
      elements.length === 1 && JSON.stringify(elements).includes(NetworkSettings.Networks[network].IPAddress)
    );
  };
  await host.ok(['network', 'connect', '--gw-priority', '5', 'blue', 'both']);
  expect([await leadsTo('blue'), reaches(8130)]).toEqual([true, true]);
  await host.ok(['network', 'disconnect', 'blue', 'both']);
  expect([await leadsTo('red'), reaches(8130)]).toEqual([true, true]);
  await host.ok(['network', 'connect', '--gw-priority', '-5', 'blue', 'both']);
  expect([await leadsTo('red'), reaches(8130)]).toEqual([true, true]);
  await host.ok(['rm', '-f', 'both']);
  expect(host.elements('map', 'any4')).toEqual([]);
});
