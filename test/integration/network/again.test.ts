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
