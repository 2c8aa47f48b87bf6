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
