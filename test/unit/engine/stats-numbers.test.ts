import { expect, test } from 'vitest';
import {
  blockBytes,
  memoryInUse,
  networkBytes,
  type Sample,
  systemTime,
  usageBetween,
} from '../../../src/engine/stats-numbers.ts';
import { statsRow } from '../../../src/views/stats.ts';

const SAMPLE: Sample = {
  cpu: 1e9,
  system: 10e9,
  memory: 1_241_513,
  limit: 4 * 2 ** 30,
  network: { received: 1050, sent: 0 },
  block: { read: 5_000_000, written: 4096 },
  pids: 3,
};

test('processor: 100 is one of them', () => {
  const percent = (cpu: number, system: number, processors = 4) =>
    usageBetween(SAMPLE, { ...SAMPLE, cpu: SAMPLE.cpu + cpu, system: SAMPLE.system + system }, processors)
      .cpuPercent;
  expect(percent(1e9, 4e9)).toBe(100);
  expect(percent(5e8, 4e9)).toBe(50);
  expect(percent(4e9, 4e9)).toBe(400);
  expect(percent(0, 4e9)).toBe(0);
  expect(percent(1e9, 0)).toBe(0);
  expect(percent(-1, 4e9)).toBe(0);
});

test('the machine’s time: seven fields of ten-millisecond ticks', () => {
  expect(systemTime('cpu  1 2 3 4 5 6 7 100 100 100\ncpu0 9 9 9 9 9 9 9 9\n')).toBe(28 * 10_000_000);
  expect(systemTime('')).toBe(0);
});

test('memory without what nobody used lately', () => {
  expect(memoryInUse(100, { inactive_file: 30 })).toBe(70);
  expect(memoryInUse(100, { inactive_file: 130 })).toBe(100);
  expect(memoryInUse(100, {})).toBe(100);
});

test('bytes of all block devices', () => {
  expect(blockBytes('8:0 rbytes=1 wbytes=2 rios=9 wios=9\n8:16 rbytes=10 wbytes=20 dbytes=5\n')).toEqual({
    read: 11,
    written: 22,
  });
  expect(blockBytes('')).toEqual({ read: 0, written: 0 });
});

test('bytes of all network devices but the loopback', () => {
  const dev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  500       1    0    0    0     0          0         0     500       1    0    0    0     0       0          0
  eth0: 1000       2    0    0    0     0          0         0     200       2    0    0    0     0       0          0
  eth1:50 2    0    0    0     0          0         0     7       2    0    0    0     0       0          0
`;
  expect(networkBytes(dev)).toEqual({ received: 1050, sent: 207 });
});

test('a row under Docker’s names; of one that does not run nothing; what is not counted is not 0', () => {
  const usage = usageBetween(SAMPLE, SAMPLE, 1);
  const id = 'a'.repeat(64);
  const stats = { asked: 'web', id, name: 'web', usage };
  expect(statsRow(stats, true)).toEqual({
    BlockIO: '5MB / 4.1kB',
    CPUPerc: '0.00%',
    Container: 'web',
    ID: 'a'.repeat(12),
    MemPerc: '0.03%',
    MemUsage: '1.184MiB / 4GiB',
    Name: 'web',
    NetIO: '1.05kB / 0B',
    PIDs: '3',
  });
  expect(statsRow({ ...stats, asked: id }, false)).toMatchObject({ ID: id, Container: id });
  expect(statsRow({ ...stats, usage: undefined }, true)).toMatchObject({
    MemUsage: '0B / 0B',
    MemPerc: '0.00%',
    PIDs: '0',
  });
  expect(statsRow({ ...stats, usage: { ...usage, memory: undefined } }, true)).toMatchObject({
    MemUsage: '-- / --',
    MemPerc: '--',
  });
});
