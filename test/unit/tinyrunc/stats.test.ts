import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { oomKills } from '../../../src/runtime/cgroup.ts';
import { readStats } from '../../../src/tinyrunc/stats.ts';

let cgroup: string;
beforeEach(() => {
  cgroup = mkdtempSync(join(tmpdir(), 'tinyrun-stats-'));
});
afterEach(() => rmSync(cgroup, { recursive: true }));

function files(contents: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(cgroup, name), `${text}\n`);
}

test('the numbers of a cgroup as runc tells them', () => {
  files({
    'cpu.stat': 'usage_usec 30\nuser_usec 10\nsystem_usec 20\nnr_periods 3\nnr_throttled 0\nthrottled_usec 0',
    'memory.current': '4096',
    'memory.max': '65536',
    'memory.swap.current': '1024',
    'memory.swap.max': '32768',
    'memory.stat': 'anon 1\nfile 2',
    'memory.events': 'max 5\noom_kill 1',
    'pids.current': '2',
    'pids.max': '20',
    'io.stat': '8:0 rbytes=512 wbytes=0 rios=1 wios=0 dbytes=0 dios=0',
    'hugetlb.2MB.current': '0',
    'hugetlb.2MB.events': 'max 1',
    'hugetlb.2MB.rsvd.current': '7',
  });
  expect(readStats(cgroup)).toMatchObject({
    cpu: { usage: { total: 30_000, kernel: 20_000, user: 10_000 }, throttling: { periods: 3 } },
    cpuset: { cpu_exclusive: 0, sched_relax_domain_level: 0 },
    memory: {
      cache: 2,
      usage: { limit: 65536, usage: 4096, failcnt: 5 },
      // Both together, the limits too.
      swap: { limit: 65536 + 32768, usage: 5120, failcnt: 0 },
      raw: { anon: 1, file: 2 },
    },
    pids: { current: 2, limit: 20 },
    blkio: {
      ioServiceBytesRecursive: [
        { major: 8, op: 'Read', value: 512 },
        { major: 8, op: 'Write' },
      ],
      ioServicedRecursive: [
        { major: 8, op: 'Read', value: 1 },
        { major: 8, op: 'Write' },
      ],
    },
    hugetlb: { '2MB': { failcnt: 1 } },
  });
  expect(Object.keys((readStats(cgroup) as { hugetlb: object }).hugetlb)).toEqual(['2MB']);
  expect(oomKills(cgroup)).toBe(1);
});

test('no limit is 2^64-1 for memory, and none for processes; what is not there is not told', () => {
  files({ 'memory.max': 'max', 'memory.swap.max': 'max', 'pids.max': 'max', 'pids.current': '1' });
  expect(readStats(cgroup)).toMatchObject({
    cpu: { usage: { kernel: 0, user: 0 }, throttling: {} },
    memory: { usage: { limit: 2 ** 64, failcnt: 0 }, swap: { limit: 2 ** 64, failcnt: 0 } },
    pids: { current: 1 },
    blkio: {},
    hugetlb: {},
  });
  const { pids, blkio } = readStats(cgroup) as { pids: object; blkio: object };
  expect([pids, blkio]).toEqual([{ current: 1 }, {}]);
  expect(oomKills(cgroup)).toBeUndefined();
});
