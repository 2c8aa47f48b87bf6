import { afterAll, beforeAll, expect, test } from 'vitest';
import { Host } from './support.ts';

let host: Host;
beforeAll(() => {
  host = new Host();
});
afterAll(() => host.close());

test.each(['run', 'start'])('%s under a monitor makes a bridge that is gone again', async (verb) => {
  await host.sleeper('--name', `kept-${verb}`);
  await host.ok(['stop', '-t', '0', `kept-${verb}`]);
  host.netns.ip('link', 'del', 'tinyrun0');
  if (verb === 'run') await host.sleeper('--name', 'after');
  else await host.ok(['start', 'kept-start']);
  const name = verb === 'run' ? 'after' : 'kept-start';
  expect(await host.in(name, 'ping -c 1 -W 5 172.17.0.1')).toContain('1 packets received');
  // its monitor hears
  expect(await host.ok(['stop', '-t', '0', name])).toBe(name);
});

test('where iptables’ FORWARD drops what nobody accepts, bridges of ours are accepted, all that there are', async () => {
  const other = new Host();
  try {
    other.netns.exec('iptables', ['-P', 'FORWARD', 'DROP']);
    await other.ok(['run', '--rm', 'busybox', 'true']);
    const rules = () => other.netns.exec('iptables', ['-S']).split('\n');
    const ours = (link: string) => ['-i', '-o'].map((side) => `-A TINYRUN-FORWARD ${side} ${link} -j ACCEPT`);
    expect(rules()).toEqual(expect.arrayContaining(['-A FORWARD -j TINYRUN-FORWARD', ...ours('tinyrun0')]));
    const id = await other.ok(['network', 'create', 'more']);
    await other.ok(['run', '--rm', '--network', 'more', 'busybox', 'true']);
    const both = [...ours('tinyrun0'), ...ours(`br-${id.slice(0, 12)}`)];
    expect(rules()).toEqual(expect.arrayContaining(both));
    expect(rules().filter((rule) => rule.endsWith('-j TINYRUN-FORWARD'))).toHaveLength(1);
  } finally {
    await other.close();
  }
});

test('where we had the host route, nothing goes by that between links of others, after a flush as before', async () => {
  const other = new Host();
  try {
    for (const link of ['lan0', 'lan1']) other.netns.ip('link', 'add', link, 'type', 'bridge');
    // a namespace has what the host has
    for (const key of ['ipv4.ip_forward', 'ipv6.conf.all.forwarding'])
      other.netns.exec('sysctl', ['-w', `net.${key}=0`]);
    const closed = () =>
      other
        .elements('set', 'closed')
        .map((each) => JSON.stringify(each))
        .sort();
    const pairs = () => closed().filter((each) => /lan0.*lan1|lan1.*lan0/.test(each));
    await other.ok(['run', '--rm', 'busybox', 'true']);
    const before = closed();
    expect(pairs()).toHaveLength(2);
    other.netns.exec('nft', ['flush', 'ruleset']);
    await other.ok(['run', '--rm', '-p', '8080:80', 'busybox', 'true']);
    expect(closed()).toEqual(before);
    // the same is said of IPv6, of a link more
    other.netns.ip('link', 'add', 'lan2', 'type', 'bridge');
    await other.ok(['network', 'create', '--ipv6', 'six']);
    await other.ok(['run', '--rm', '--network', 'six', 'busybox', 'true']);
    expect(closed()).toEqual(expect.arrayContaining(before));
    expect(closed().filter((each) => each.includes('lan2')).length).toBeGreaterThan(3);
    // and it stays, whatever goes
    await other.ok(['network', 'rm', 'six']);
    other.netns.exec('nft', ['flush', 'ruleset']);
    await other.ok(['run', '--rm', '-p', '8080:80', 'busybox', 'true']);
    expect(closed().filter((each) => each.includes('lan2')).length).toBeGreaterThan(3);
  } finally {
    await other.close();
  }
});
