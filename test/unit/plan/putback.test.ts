import { describe, expect, test } from 'vitest';
import { type FileWrite, putBack, putBackAll } from '../../../src/plan/putback.ts';

describe('a write is taken back by one of what was there', () => {
  test.each<[file: string, value: string, before: string, back: string]>([
    ['memory.max', '100', 'max\n', 'max'],
    ['cpu.max', '20000 100000', 'max 50000\n', 'max 50000'],
    ['cpuset.cpus', '0', '\n', '\n'],
    ['cpuset.cpus', '0', '0-1\n', '0-1'],
    ['io.max', '7:0 rbps=1', '', '7:0 rbps=max'],
    ['io.max', '7:0 rbps=1', '7:1 rbps=8 wbps=max\n17:0 rbps=9\n', '7:0 rbps=max'],
    ['io.max', '7:0 wiops=1 rbps=2', '7:0 rbps=5 wbps=max riops=max wiops=9\n', '7:0 wiops=9 rbps=5'],
    ['io.latency', '8:0 target=5', '', '8:0 target=0'],
    ['io.weight', '200', 'default 100\n7:0 300\n', 'default 100'],
    ['io.weight', 'default 200', 'default 100\n', 'default 100'],
    ['io.bfq.weight', '7:0 200', 'default 100\n7:0 300\n', '7:0 300'],
    ['io.bfq.weight', '7:0 200', 'default 100\n', '7:0 default'],
    ['rdma.max', 'mlx hca_handle=2', 'mlx hca_handle=max hca_object=7\n', 'mlx hca_handle=max'],
    ['misc.max', 'sev 2', 'sev 9\n', 'sev 9'],
  ])('%s %s of %j', (file, value, before, back) => {
    expect(putBack({ file, value }, before)[0]).toBe(back);
  });

  test('the default of bfq brings the weights of disks along, which it made the kernel forget', () => {
    const before = 'default 100\n7:0 300\n259:1 20\n';
    const back = (file: string, value: string) => putBack({ file, value }, before);
    expect(back('io.bfq.weight', '500')).toEqual(['default 100', '7:0 300', '259:1 20']);
    expect(back('io.bfq.weight', '7:0 500')).toEqual(['7:0 300']);
    expect(back('io.weight', '500')).toEqual(['default 100']);
  });
});

describe('writes are taken back', () => {
  const backOf = (done: readonly FileWrite[], before: Record<string, string>) =>
    putBackAll(done, (file) => before[file]);

  test('last first, without what cannot be read', () => {
    const done = [
      { file: 'cpu.max', value: '9 9' },
      { file: 'memory.reclaim', value: '1' },
      { file: 'cpu.max.burst', value: '9' },
    ];
    expect(backOf(done, { 'cpu.max': 'max 5\n', 'cpu.max.burst': '0\n' })).toEqual([
      { file: 'cpu.max.burst', value: '0' },
      { file: 'cpu.max', value: 'max 5' },
    ]);
  });

  test('the weight of a group that was idle for a while comes back when it is not any more', () => {
    const done = [
      { file: 'cpu.idle', value: '1' },
      { file: 'pids.max', value: '9' },
    ];
    const before = { 'cpu.idle': '0\n', 'cpu.weight': '59\n', 'pids.max': 'max\n' };
    expect(backOf(done, before)).toEqual([
      { file: 'pids.max', value: 'max' },
      { file: 'cpu.idle', value: '0' },
      { file: 'cpu.weight', value: '59' },
    ]);
    const idle = { 'cpu.idle': '1\n', 'cpu.weight': '0\n' };
    expect(backOf([{ file: 'cpu.idle', value: '0' }], idle)).toEqual([{ file: 'cpu.idle', value: '1' }]);
  });

  test('of two files that mean the same, those that are there', () => {
    const weight = { file: 'io.bfq.weight', value: '500', or: { file: 'io.weight', value: '4950' } };
    const bfq = { file: 'io.bfq.weight', value: 'default 100' };
    const cost = { file: 'io.weight', value: 'default 300' };
    const [here, there] = [{ 'io.bfq.weight': 'default 100\n' }, { 'io.weight': 'default 300\n' }];
    expect(backOf([weight], { ...here, ...there })).toEqual([{ ...bfq, or: cost }]);
    expect(backOf([weight], here)).toEqual([bfq]);
    expect(backOf([weight], there)).toEqual([cost]);
    const disk = { file: 'io.bfq.weight', value: '7:0 9' };
    expect(backOf([weight], { 'io.bfq.weight': 'default 100\n7:0 9\n', ...there })).toEqual([
      { ...bfq, or: cost },
      disk,
    ]);
  });
});
