import { describe, expect, it } from 'vitest';
import { busPath, cpuMask, parseScope, scopePath, unitProperties } from '../../../src/runtime/systemd.ts';
import { expandSlice } from '../../../src/spec/slice.ts';

describe('names of scopes', () => {
  it('takes slice:prefix:name apart', () => {
    expect(parseScope('machine.slice:libpod:abc', false, 'x.scope')).toEqual({
      slice: 'machine.slice',
      unit: 'libpod-abc.scope',
    });
    expect(parseScope(':docker:abc', false, 'x.scope').slice).toBe('system.slice');
    expect(parseScope(undefined, true, 'x.scope')).toEqual({ slice: 'user.slice', unit: 'x.scope' });
  });

  it.each(['/a/b', 'a:b', 'a:b:', 'noslice:b:c'])('refuses %s', (path) => {
    expect(() => parseScope(path, false, 'x.scope')).toThrow(/slice:prefix:name/);
  });

  it('expands a slice to its path', () => {
    expect(expandSlice('system.slice')).toBe('/system.slice');
    expect(expandSlice('user-1000-a.slice')).toBe('/user.slice/user-1000.slice/user-1000-a.slice');
    expect(expandSlice('-.slice')).toBe('');
    expect(scopePath({ slice: 'a-b.slice', unit: 'c.scope' })).toBe('/a.slice/a-b.slice/c.scope');
  });

  it.each(['-a.slice', 'a-.slice', 'a--b.slice', 'a/b.slice'])('refuses the slice %s', (slice) => {
    expect(() => expandSlice(slice)).toThrow(/invalid slice/);
  });
});

describe('unit properties', () => {
  it('makes properties of cgroup files', () => {
    expect(
      Object.fromEntries(unitProperties({ 'memory.max': '1048576', 'pids.max': 'max', 'io.max': '8:0' })),
    ).toEqual({
      MemoryMax: { signature: 't', value: 1048576n },
      TasksMax: { signature: 't', value: 2n ** 64n - 1n },
    });
  });

  it('rounds a quota up to steps of 10 ms', () => {
    expect(Object.fromEntries(unitProperties({ 'cpu.max': '33333 100000' })).CPUQuotaPerSecUSec?.value).toBe(
      340_000n,
    );
    expect(Object.fromEntries(unitProperties({ 'cpu.max': 'max 100000' })).CPUQuotaPerSecUSec?.value).toBe(
      2n ** 64n - 1n,
    );
  });

  it('makes a mask of a CPU list', () => {
    expect(cpuMask('0-2,9')).toEqual([0b111, 0b10]);
  });
});

it('finds the bus', () => {
  expect(busPath(false, {})).toBe('/run/dbus/system_bus_socket');
  expect(busPath(true, { XDG_RUNTIME_DIR: '/run/user/7' })).toBe('/run/user/7/bus');
  expect(busPath(true, { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/tmp/b,guid=1' })).toBe('/tmp/b');
});
