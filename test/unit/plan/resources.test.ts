import { describe, expect, test } from 'vitest';
import {
  cgroupWrites,
  cpuWeight,
  ioWeight,
  swapMax,
  withoutV2,
} from '../../../src/plan/compile/resources.ts';
import type { LinuxResources } from '../../../src/spec/types.ts';

const written = (resources: LinuxResources) =>
  cgroupWrites(resources).map(({ file, value }) => [file, value]);

test.each([
  [2, 1],
  [1024, 100],
  [262144, 10000],
  [1, 1],
  [1_000_000, 10000],
])('%d shares are weight %d', (shares, weight) => {
  expect(cpuWeight(shares)).toBe(weight);
});

test('weight grows with the shares', () => {
  for (let shares = 3; shares < 262144; shares *= 2)
    expect(cpuWeight(shares * 2)).toBeGreaterThanOrEqual(cpuWeight(shares));
});

test.each([
  [10, 1],
  [500, 4950],
  [1000, 10000],
])('blkio weight %d is io weight %d', (weight, io) => {
  expect(ioWeight(weight)).toBe(io);
});

describe('memory.swap, which counts memory too', () => {
  test.each([
    [{ limit: 100, swap: 300 }, '200'],
    [{ limit: 100, swap: 100 }, '0'],
    [{ limit: 100, swap: -1 }, 'max'],
    [{ limit: -1 }, 'max'],
    [{ limit: 100 }, undefined],
    [{ limit: 100, swap: 0 }, undefined],
  ])('%o', (memory, max) => {
    expect(swapMax(memory)).toBe(max);
  });

  test('needs a limit, and not a larger one', () => {
    expect(() => swapMax({ swap: 100 })).toThrow('needs memory.limit');
    expect(() => swapMax({ limit: 200, swap: 100 })).toThrow('linux.resources.memory.swap: 100 is below');
  });
});

describe('cgroupWrites', () => {
  test.each<[LinuxResources, [string, string][]]>([
    [{}, []],
    [{ memory: { limit: 0 }, cpu: { shares: 0, quota: 0, period: 0 }, pids: {} as { limit: number } }, []],
    [{ pids: { limit: 0 } }, [['pids.max', '0']]],
    [{ pids: { limit: -1 } }, [['pids.max', 'max']]],
    [
      { memory: { limit: -1 } },
      [
        ['memory.swap.max', 'max'],
        ['memory.max', 'max'],
      ],
    ],
    [{ pids: { limit: -1 } }, [['pids.max', 'max']]],
    [{ cpu: { quota: -1, period: 50000 } }, [['cpu.max', 'max 50000']]],
    [{ cpu: { quota: 20000 } }, [['cpu.max', '20000 100000']]],
    [{ cpu: { period: 20000 } }, [['cpu.max', 'max 20000']]],
    [
      { cpu: { quota: 20000, burst: 0 } },
      [
        ['cpu.max', '20000 100000'],
        ['cpu.max.burst', '0'],
      ],
    ],
    [{ cpu: { idle: 1, shares: 500 } }, [['cpu.idle', '1']]],
    [
      { blockIO: { weight: 500, weightDevice: [{ major: 7, minor: 0, weight: 100 }] } },
      [
        ['io.bfq.weight', '500'],
        ['io.bfq.weight', '7:0 100'],
      ],
    ],
    [
      { unified: { 'io.max': '8:0 rbps=1\n8:1 rbps=2\n' } },
      [
        ['io.max', '8:0 rbps=1'],
        ['io.max', '8:1 rbps=2'],
      ],
    ],
  ])('%o', (resources, writes) => {
    expect(written(resources)).toEqual(writes);
  });

  test.each(['../memory.max', 'a/b.c', '', 'memory', '.x'])(
    'unified %s is not a file of a cgroup',
    (file) => {
      expect(() => cgroupWrites({ unified: { [file]: '1' } })).toThrow('linux.resources.unified');
    },
  );
});

test('a weight goes to the file that the kernel has for it', () => {
  const [write] = cgroupWrites({ blockIO: { weight: 500 } });
  expect(write).toMatchObject({
    file: 'io.bfq.weight',
    value: '500',
    or: { file: 'io.weight', value: '4950' },
  });
});

test('what cgroup v2 has no file for is named', () => {
  expect(
    withoutV2({ memory: { kernel: 5, swappiness: 0 }, cpu: { realtimeRuntime: 1 }, network: { classID: 1 } }),
  ).toEqual([
    'linux.resources.memory.kernel',
    'linux.resources.memory.swappiness',
    'linux.resources.cpu.realtimeRuntime',
    'linux.resources.network',
  ]);
  expect(withoutV2({})).toEqual([]);
});

describe('of a cgroup that has limits, what is not named stays as it is', () => {
  const current = {
    cpuMax: '50000 200000\n',
    cpuBurst: '40000\n',
    memoryMax: '1000',
    bfqWeight: 'default 100\n7:0 300',
  };
  test.each<[LinuxResources, [string, string][]]>([
    [{ cpu: { period: 100000 } }, [['cpu.max', '50000 100000']]],
    [{ cpu: { quota: 10000 } }, [['cpu.max', '10000 200000']]],
    [{ cpu: { quota: -1 } }, [['cpu.max', 'max 200000']]],
    [{ cpu: { shares: 1024 } }, [['cpu.weight', '100']]],
    [
      { cpu: { quota: 10000, burst: 5000 } },
      [
        ['cpu.max.burst', '5000'],
        ['cpu.max', '10000 200000'],
      ],
    ],
    [
      { cpu: { quota: 100000, burst: 60000 } },
      [
        ['cpu.max', '100000 200000'],
        ['cpu.max.burst', '60000'],
      ],
    ],
    [
      { blockIO: { weight: 200, weightDevice: [{ major: 7, minor: 0, weight: 400 }] } },
      [
        ['io.bfq.weight', '200'],
        ['io.bfq.weight', '7:0 300'],
        ['io.bfq.weight', '7:0 400'],
      ],
    ],
    [{ memory: { swap: 3000 } }, [['memory.swap.max', '2000']]],
    [{ memory: { limit: 2000 } }, [['memory.max', '2000']]],
  ])('%o', (resources, writes) => {
    expect(cgroupWrites(resources, current).map(({ file, value }) => [file, value])).toEqual(writes);
  });

  test('swap below the limit that is there is refused', () => {
    expect(() => cgroupWrites({ memory: { swap: 500 } }, current)).toThrow('500 is below memory.limit 1000');
    expect(() => cgroupWrites({ memory: { swap: 500 } }, { memoryMax: 'max' })).toThrow('needs memory.limit');
  });
});
