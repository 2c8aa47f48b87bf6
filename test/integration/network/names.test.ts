import { mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { errnoOf } from '../../../src/errors.ts';
import { hostsLines, namesIn } from '../../../src/network/names/file.ts';
import { FILE_MODE } from '../../../src/network/names/places.ts';
import { holdResolver, serveAll } from '../../../src/network/names/resolver.ts';
import { replaceView } from '../../../src/network/names/view.ts';
import { hostFacts } from '../../../src/runtime/host.ts';
import { writeFileAtomic } from '../../../src/store/atomic.ts';
import { until } from '../../support/programs.ts';
import { DnsServer } from './dns-server.ts';
import { ended, type Guest, NamesHost, printed } from './names.support.ts';

// What programs see of names, by 127.0.0.11 in a network namespace of their own.

const NET = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const id = (digit: string) => digit.repeat(64);

function put(
  host: NamesHost,
  network: string,
  container: string,
  addresses: string[],
  names: string[],
): void {
  const text = hostsLines({ addresses, names });
  writeFileAtomic(host.places.endpoint(network, container), text, { mode: FILE_MODE });
}

describe('names of a network', () => {
  let host: NamesHost;
  let one: Guest;
  beforeAll(async () => {
    host = new NamesHost('127.0.0.9');
    one = await host.guest({ container: id('1'), networks: [NET, OTHER], links: { friend: 'web' } }, [
      {
        network: NET,
        addresses: ['172.18.0.2', 'fd00::2'],
        names: namesIn('front', { name: 'One', id: id('1') }),
      },
    ]);
    put(
      host,
      NET,
      id('2'),
      ['172.18.0.5'],
      namesIn('front', { name: 'web', id: id('2'), aliases: ['pool'] }),
    );
    put(host, NET, id('3'), ['172.18.0.6'], namesIn('front', { name: 'db', id: id('3'), aliases: ['pool'] }));
    put(host, OTHER, id('4'), ['172.19.0.7'], namesIn('back', { name: 'cache', id: id('4') }));
  });
  afterAll(() => host.dispose());

  test.each([
    ['a name', ['web'], ['172.18.0.5']],
    ['a name with its network behind', ['web.front'], ['172.18.0.5']],
    ['a short id', [id('3').slice(0, 12)], ['172.18.0.6']],
    ['itself', ['one'], ['172.18.0.2']],
    ['in any case', ['WeB'], ['172.18.0.5']],
    ['AAAA', ['one', 'AAAA'], ['fd00::2']],
    ['AAAA of what has none', ['web', 'AAAA'], []],
    ['a type that nobody has', ['web', 'MX'], []],
    ['PTR', ['-x', '172.18.0.5'], ['web.']],
    ['PTR of IPv6', ['-x', 'fd00::2'], ['one.']],
    ['another network', ['cache'], ['172.19.0.7']],
    ['a link', ['friend'], ['172.18.0.5']],
    ['by TCP', ['+tcp', 'web'], ['172.18.0.5']],
    ['without EDNS', ['+noedns', 'web'], ['172.18.0.5']],
  ])('%s', async (_, args, answer) => {
    expect(await one.dig(...args)).toEqual(answer);
  });

  test('the answer has a life of a second, EDNS of 1232 bytes, and the case of the question', async () => {
    const { stdout } = await one.run('dig', '+tries=1', '+time=20', '@127.0.0.11', 'wEb');
    expect(stdout).toMatch(/^wEb\.\s+1\s+IN\s+A\s+172\.18\.0\.5$/m);
    expect(stdout).toContain('udp: 1232');
    expect(await one.status('web', 'MX')).toBe('NOERROR');
    expect(await one.status('+ednsopt=10', '+edns=1', '+noednsneg', 'web')).toBe('BADVERS');
  });

  test('addresses of a shared alias rotate', async () => {
    const first = new Set<string | undefined>();
    for (let i = 0; i < 4; ++i) first.add((await one.dig('pool'))[0]);
    expect([...first].sort()).toEqual(['172.18.0.5', '172.18.0.6']);
  });

  test('what others have in networks that it is not in is unknown to it', async () => {
    const two = await host.guest({ container: id('5'), networks: [OTHER], isInternal: true });
    expect(await two.dig('cache')).toEqual(['172.19.0.7']);
    expect(await two.status('web')).toBe('SERVFAIL');
    replaceView(host.places, { container: id('5'), networks: [OTHER, NET], isInternal: true });
    expect(await two.dig('web')).toEqual(['172.18.0.5']);
    replaceView(host.places, { container: id('5'), networks: [OTHER], isInternal: true });
    expect(await two.status('web')).toBe('SERVFAIL');
  });

  test('glibc and busybox find them, by search and ndots, too', async () => {
    // there is no address but the loopback's
    const getent = ['getent', '--no-addrconfig', 'ahostsv4'];
    const plain = 'nameserver 127.0.0.11\noptions ndots:0\n';
    expect((await one.withConf(plain, ...getent, 'web')).stdout).toMatch(/^172\.18\.0\.5 /);
    expect((await one.withConf(plain, 'getent', 'hosts', '172.18.0.6')).stdout).toMatch(/db/);
    expect((await one.withConf(plain, 'busybox', 'nslookup', 'web')).stdout).toMatch(/172\.18\.0\.5/);
    const search = 'nameserver 127.0.0.11\nsearch front\noptions ndots:1\n';
    expect((await one.withConf(search, ...getent, 'db')).stdout).toMatch(/^172\.18\.0\.6 /);
  });

  test('port 53 of all addresses is a program’s to bind', async () => {
    const own = await DnsServer.start(one, '0.0.0.0');
    expect(await one.dig('web')).toEqual(['172.18.0.5']);
    expect(await one.dig('+tcp', 'web')).toEqual(['172.18.0.5']);
    expect(own.asked).toEqual([]);
    own.stop();
  });

  test('its rules are what nft reads of them', async () => {
    const { stdout } = await one.run('nft', 'list', 'ruleset');
    expect(stdout.replaceAll('\t', '').trim().split('\n')).toEqual([
      'table ip tinyrun-names {',
      'chain output {',
      'type filter hook output priority raw; policy accept;',
      'ip daddr 127.0.0.11 udp dport 53 udp dport set 61053',
      'ip daddr 127.0.0.11 tcp dport 53 tcp dport set 61053',
      'ip saddr 127.0.0.11 udp sport 61053 udp sport set 53',
      'ip saddr 127.0.0.11 tcp sport 61053 tcp sport set 53',
      '}',
      '}',
    ]);
  });

  test('it is a process without privileges', () => {
    const [pid = 0] = host.resolvers();
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) => new RegExp(`^${name}:[\\t ]*(.*)$`, 'm').exec(status)?.[1];
    expect(host.resolvers()).toHaveLength(1);
    for (const set of ['CapEff', 'CapPrm', 'CapBnd', 'CapAmb']) expect(field(set)).toBe('0'.repeat(16));
    expect(field('NoNewPrivs')).toBe('1');
    expect(field('Seccomp')).toBe('2');
    expect(field('Uid')).not.toMatch(/\b0\b/);
    expect(field('Groups')?.trim()).toBe('');
    expect(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1])).toBeLessThan(45 * 1024);
    expect(statSync(host.places.root).mode & 0o007).toBe(0);
    expect(statSync(host.places.socket).mode & 0o777).toBe(0o600);
  });
});

describe('names of others', () => {
  let host: NamesHost;
  let server: DnsServer;
  beforeAll(async () => {
    host = new NamesHost();
    server = await DnsServer.start(host.netns, '127.0.0.1');
  });
  afterAll(async () => {
    server.stop();
    await host.dispose();
  });

  test('are asked of the host’s servers, by UDP and TCP, from the host', async () => {
    const one = await host.guest({ container: id('1'), networks: [NET] });
    expect(await one.dig('www.Example.org')).toEqual(['192.0.2.53']);
    expect(await one.dig('large.example.org')).toEqual(['192.0.2.53']);
    expect(server.asked).toEqual(['udp www.Example.org', 'udp large.example.org', 'tcp large.example.org']);
  });

  test('are asked of nobody where every network is internal', async () => {
    const one = await host.guest({ container: id('2'), networks: [NET], isInternal: true });
    const before = server.asked.length;
    expect(await one.status('www.example.org')).toBe('SERVFAIL');
    expect(await one.status('+tcp', 'www.example.org')).toBe('SERVFAIL');
    expect(server.asked).toHaveLength(before);
  });

  test('a resolv.conf that changes is followed', async () => {
    const one = await host.guest({ container: id('3'), networks: [NET] });
    writeFileSync(host.conf, 'nameserver 127.0.0.8\n');
    const other = await DnsServer.start(host.netns, '127.0.0.8');
    // it is looked at once a second
    for (let i = 0; !other.asked.includes('udp later.example.org') && i < 60; ++i)
      await one.dig('later.example.org');
    expect(other.asked).toContain('udp later.example.org');
    writeFileSync(host.conf, 'nameserver 127.0.0.1\n');
    other.stop();
  });

  test('of --dns they are asked from the container', async () => {
    const one = await host.guest({
      container: id('4'),
      networks: [NET],
      servers: ['127.0.0.53'],
      isInternal: true,
    });
    const before = server.asked.length;
    expect(await one.status('www.example.org')).toBe('SERVFAIL');
    const own = await DnsServer.start(one, '127.0.0.53');
    for (const how of ['+notcp', '+tcp', '+tcp'])
      expect(await one.dig(how, 'www.example.org')).toEqual(['192.0.2.53']);
    expect(own.asked).toEqual(['udp www.example.org', 'tcp www.example.org', 'tcp www.example.org']);
    expect(server.asked).toHaveLength(before);
    own.stop();
  });
});

function isRemoved(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EBUSY') return false;
    throw error;
  }
}

describe('the resolver', () => {
  let host: NamesHost;
  afterEach(() => host.dispose());

  test('is gone with the last view, and comes again', async () => {
    host = new NamesHost();
    const one = await host.guest({ container: id('1'), networks: [NET] });
    const two = await host.guest({ container: id('2'), networks: [NET] });
    const [pid = 0] = host.resolvers();
    rmSync(host.places.view(id('1')));
    put(host, NET, id('9'), ['10.0.0.9'], ['nine']);
    expect(await two.dig('nine')).toEqual(['10.0.0.9']);
    await one.end();
    rmSync(host.places.view(id('2')));
    await ended(pid);
    expect(host.resolvers()).toEqual([]);
    const three = await host.guest({ container: id('3'), networks: [NET] });
    expect(await three.dig('nine')).toEqual(['10.0.0.9']);
  });

  test('stays as long as somebody holds it', async () => {
    host = new NamesHost();
    const [first, second] = [await host.hold(), await host.hold()];
    expect([first.isNew, second.isNew]).toEqual([true, false]);
    first.release();
    expect(host.resolvers()).toHaveLength(1);
    second.release();
    await host.gone();
  });

  test('is born beside containers, not in the cgroup of who starts it', async () => {
    host = new NamesHost();
    const all = join(hostFacts().cgroup.unifiedRoot ?? '', `tinyrun-names-${process.pid}`);
    mkdirSync(join(all, 'container'), { recursive: true });
    const resolver = await host.hold(join(all, 'container'));
    const [pid] = host.resolvers();
    expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toMatch(
      new RegExp(`^0::.*/${basename(all)}/monitors$`, 'm'),
    );
    resolver.release();
    await host.gone();
    // it is in there until it is reaped
    await until(() => isRemoved(join(all, 'monitors')));
    for (const path of [join(all, 'container'), all]) rmdirSync(path);
  });

  test('is one, however many want it at once', async () => {
    host = new NamesHost();
    const first = await host.hold();
    const all = await host.netns.runAsync(() =>
      Promise.all(Array.from({ length: 8 }, () => holdResolver(host.places, { conf: host.conf }))),
    );
    expect(host.resolvers()).toHaveLength(1);
    for (const each of [first, ...all]) each.release();
    await host.gone();
  });

  test('killed, it is started by the next who needs it, and serves all', async () => {
    host = new NamesHost();
    const guests = [
      await host.guest({ container: id('1'), networks: [NET] }),
      await host.guest({ container: id('2'), networks: [NET] }),
    ];
    put(host, NET, id('9'), ['10.0.0.9'], ['nine']);
    const [pid = 0] = host.resolvers();
    process.kill(pid, 'SIGKILL');
    await ended(pid);
    const resolver = await host.hold();
    expect(resolver.isNew).toBe(true);
    const targets = new Map([
      [id('1'), guests[0]?.target],
      [id('2'), guests[1]?.target],
    ]);
    expect(serveAll(host.places, hostFacts(), (container) => targets.get(container))).toEqual(new Map());
    resolver.release();
    for (const guest of guests) expect(await guest.dig('nine')).toEqual(['10.0.0.9']);
    expect(host.resolvers()).toHaveLength(1);
  });

  test('answers 10,000 queries of 20 containers at once, and loses none', async () => {
    host = new NamesHost();
    const guests: Guest[] = [];
    for (let i = 0; i < 20; ++i)
      guests.push(
        await host.guest({ container: `${i}`.padStart(64, '0'), networks: [NET], isInternal: true }),
      );
    for (let i = 0; i < 20; ++i) put(host, NET, `${i}`.padStart(64, 'c'), [`10.0.0.${i + 1}`], [`c${i}`]);
    const batch = join(host.dir, 'batch');
    writeFileSync(batch, Array.from({ length: 500 }, (_, i) => `c${i % 20}\n`).join(''));
    const dig = ['+short', '+tries=1', '+time=30', '@127.0.0.11', '-f', batch];
    const all = await Promise.all(guests.map((guest) => printed(guest.spawn('dig', ...dig))));
    const expected = Array.from({ length: 500 }, (_, i) => `10.0.0.${(i % 20) + 1}\n`).join('');
    expect(all.filter((text) => text !== expected)).toEqual([]);
    const [pid] = host.resolvers();
    const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    expect(Number(resident)).toBeLessThan(45 * 1024);
  });
});
