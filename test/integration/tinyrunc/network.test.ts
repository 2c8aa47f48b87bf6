import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Spec } from '../../../src/spec/types.ts';
import { Bench } from '../../support/bench.ts';
import { testSpec } from '../../support/spec.ts';

let bench: Bench;
const ip = (...args: string[]) => spawnSync('ip', args, { encoding: 'utf8' });

const made: string[] = [];
/** A new device, of a name of its own: a namespace that has ended keeps the names of its devices for a while. */
function device(): string {
  const name = `tr${process.pid}n${made.length}`;
  const { status, stderr } = ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`);
  expect(status, stderr).toBe(0);
  made.push(name);
  return name;
}

beforeAll(() => {
  bench = new Bench();
});
afterAll(() => {
  for (const name of made) ip('link', 'delete', name);
  bench.dispose();
});

it('moves a network device in, renamed, up, with its addresses', () => {
  const host = device();
  ip('addr', 'add', '192.0.2.7/24', 'dev', host);
  ip('addr', 'add', '2001:db8::7/64', 'dev', host, 'nodad');
  // a lease is whose who asked for it, and an address of the link is made anew
  ip('addr', 'add', '192.0.2.8/24', 'dev', host, 'valid_lft', '1000', 'preferred_lft', '1000');
  ip('addr', 'add', '192.0.2.9/32', 'dev', host, 'scope', 'link');
  const spec = testSpec(['busybox', 'ip', 'addr', 'show', 'eth7'], (s) => {
    if (s.linux) s.linux.netDevices = { [host]: { name: 'eth7' } };
  });
  const out = bench.ok(['run', '-b', bench.bundle(spec), bench.id()]);
  expect(out).toMatch(/eth7\S*: <[^>]*\bUP\b/);
  expect(out.match(/inet6? (?!fe80)\S+/g)?.sort()).toEqual(['inet 192.0.2.7/24', 'inet6 2001:db8::7/64']);
});

it('leaves a device where it is whose name is taken in the container', () => {
  const host = device();
  for (const devices of [
    { [host]: { name: 'lo' } },
    { [host]: { name: 'x' }, [`${host}p`]: { name: 'x' } },
  ]) {
    const id = bench.id();
    const spec = testSpec(['true'], (s) => {
      if (s.linux) s.linux.netDevices = devices;
    });
    const result = bench.run(['run', '-b', bench.bundle(spec), id]);
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(/linux\.netDevices\.\S+: the container has a device (lo|x) already/);
    expect(ip('link', 'show', host).status).toBe(0);
    expect(bench.run(['state', id]).status).toBe(1);
  }
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

it('gives a device back under its name, as it was, where the container does not start', () => {
  const host = device();
  ip('link', 'set', host, 'up');
  ip('addr', 'add', '192.0.2.7/24', 'dev', host);
  ip('addr', 'add', '2001:db8::7/64', 'dev', host, 'nodad');
  const moved = (more: Partial<Spec>) =>
    testSpec(['nonesuch'], (s) => {
      if (s.linux) s.linux.netDevices = { [host]: { name: 'eth7' } };
      Object.assign(s, more);
    });
  const attempts: [Partial<Spec>, string][] = [
    [{}, 'executable file not found in $PATH'],
    // Node's part of the plan, when the device has moved: the hook sees it there
    [
      { hooks: { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', `! ip link show ${host}`] }] } },
      'executable file not found in $PATH',
    ],
    [{ hooks: { createRuntime: [{ path: '/bin/false' }] } }, 'error running createRuntime hook #0'],
  ];
  for (const [more, error] of attempts) {
    const result = bench.run(['run', '-b', bench.bundle(moved(more)), bench.id()]);
    expect(result.stderr).toContain(error);
    expect(result.status).not.toBe(0);
    const shown = ip('addr', 'show', host).stdout;
    expect(shown).toMatch(/<[^>]*\bUP\b/);
    expect(shown.match(/inet6? (?!fe80)\S+/g)?.sort()).toEqual(['inet 192.0.2.7/24', 'inet6 2001:db8::7/64']);
  }
});
