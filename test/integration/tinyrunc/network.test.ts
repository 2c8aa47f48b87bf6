import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Bench, testSpec } from './support.ts';

let bench: Bench;
const HOST = `tr${process.pid}`;
const ip = (...args: string[]) => spawnSync('ip', args, { encoding: 'utf8' });

beforeAll(() => {
  bench = new Bench();
});
afterAll(() => {
  ip('link', 'delete', HOST);
  bench.dispose();
});

it('moves a network device in, renamed, up, with its addresses', () => {
  expect(ip('link', 'add', HOST, 'type', 'veth', 'peer', 'name', `${HOST}p`).status).toBe(0);
  ip('addr', 'add', '192.0.2.7/24', 'dev', HOST);
  const spec = testSpec(['busybox', 'ip', 'addr', 'show', 'eth7'], (s) => {
    if (s.linux) s.linux.netDevices = { [HOST]: { name: 'eth7' } };
  });
  const out = bench.ok(['run', '-b', bench.bundle(spec), bench.id()]);
  expect(out).toMatch(/eth7\S*: <[^>]*\bUP\b/);
  expect(out).toContain('inet 192.0.2.7/24');
});

it('says which device is missing, and makes nothing', () => {
  const id = bench.id();
  const spec = testSpec(['true'], (s) => {
    if (s.linux) s.linux.netDevices = { nosuchdev0: {} };
  });
  const result = bench.run(['run', '-b', bench.bundle(spec), id]);
  expect(result.status).toBe(1);
  expect(result.stderr).toContain('linux.netDevices.nosuchdev0: no such network device');
  expect(bench.run(['state', id]).status).toBe(1);
});
