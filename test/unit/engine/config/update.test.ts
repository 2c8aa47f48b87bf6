import { describe, expect, test } from 'vitest';
import { changedConfig, changedResources } from '../../../../src/engine/config/update.ts';

const MB = 2 ** 20;
const config = (limits: object) => ({ image: 'x', limits });

describe('limits that are changed', () => {
  test.each<[string, object, object, object]>([
    [
      'what is not said stays',
      { memory: 9, memorySwap: 20, pids: 3 },
      { pids: 5 },
      { memory: 9, memorySwap: 20, pids: 5 },
    ],
    ['0 is not said', { pids: 3, cpus: 1 }, { pids: 0, cpus: 0, memory: 0 }, { pids: 3, cpus: 1 }],
    ['but for a score', { oomScoreAdj: 3 }, { oomScoreAdj: 0 }, { oomScoreAdj: 0 }],
    ['swap stays what it came to', { memory: 50 }, { memory: 80 }, { memory: 80, memorySwap: 100 }],
    ['both at once', {}, { memory: 80, memorySwap: -1 }, { memory: 80, memorySwap: -1 }],
  ])('%s', (_, own, asked, limits) => {
    expect(changedConfig(config(own), { limits: asked }).limits).toEqual(limits);
  });

  test.each<[string, object, object]>([
    ['above what memory and swap were', { memory: 50 }, { memory: 101 }],
    ['where there was no limit', {}, { memory: 50 }],
    ['where swap had none', { memory: 50, memorySwap: -1 }, { memory: 60 }],
  ])('memory alone %s is refused, as Docker does', (_, own, asked) => {
    expect(() => changedConfig(config(own), { limits: asked })).toThrow(
      'limits.memory: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  });

  const ALL = {
    memory: { limit: 50 * MB, swap: 100 * MB, reservation: 20 * MB },
    cpu: { quota: 5, period: 10, shares: 7, cpus: '0' },
    blockIO: { weight: 20 },
    pids: { limit: 3 },
  };
  test.each<[string, object, object]>([
    ['memory goes with swap', { memory: 1 }, { memory: { limit: 50 * MB, swap: 100 * MB } }],
    [
      'a part of each',
      { memoryReservation: 1, cpus: 1, cpusetCpus: '0' },
      { memory: { reservation: 20 * MB }, cpu: { quota: 5, period: 10, cpus: '0' } },
    ],
    ['a quota by itself', { cpuQuota: 5 }, { cpu: { quota: 5, period: 10 } }],
    ['disks', { ioWeight: 20, disks: [] }, { blockIO: { weight: 20 } }],
    ['pids', { pids: 3 }, { pids: { limit: 3 } }],
    ['of what is for the next start nothing', { rlimits: [], oomScoreAdj: 5 }, {}],
    ['nothing', {}, {}],
  ])('what the kernel is told: %s', (_, asked, resources) => {
    expect(changedResources(ALL, asked)).toEqual(resources);
  });
});

test('health checks are merged, but for those that are none', () => {
  const before = (health: object) => ({ image: 'x', health });
  const merged = (own: object, health: object) => changedConfig(before(own), { health }).health;
  expect(merged({ test: ['CMD', 'a'], retries: 2 }, { intervalMs: 5 })).toEqual({
    test: ['CMD', 'a'],
    retries: 2,
    intervalMs: 5,
  });
  expect(merged({ test: ['CMD', 'a'], retries: 2 }, { test: ['NONE'] })).toEqual({ test: ['NONE'] });
  expect(merged({ test: ['NONE'] }, { test: ['CMD', 'b'], retries: 1 })).toEqual({
    test: ['CMD', 'b'],
    retries: 1,
  });
  expect(() => merged({ test: ['NONE'] }, { retries: 1 })).toThrow('health.retries: it has no health check');
});

test('the rest is merged with what there is', () => {
  const before = {
    image: 'x',
    env: ['A=1', 'B=2'],
    labels: { a: '1' },
    stop: { signal: 2 },
    log: { driver: 'json-file', files: 2 } as const,
  };
  expect(
    changedConfig(before, {
      env: ['B=3', 'A'],
      labels: { b: '2' },
      stop: { graceMs: 0 },
      log: { driver: 'json-file', bytes: 5 },
    }),
  ).toEqual({
    image: 'x',
    env: ['B=3', 'A'],
    labels: { a: '1', b: '2' },
    stop: { signal: 2, graceMs: 0 },
    log: { driver: 'json-file', files: 2, bytes: 5 },
  });
  expect(changedConfig(before, { log: { driver: 'none' } }).log).toEqual({ driver: 'none' });
});
