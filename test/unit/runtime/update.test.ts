import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkUsage } from '../../../src/runtime/update.ts';
import type { LinuxMemory } from '../../../src/spec/types.ts';

describe('memory.checkBeforeUpdate', () => {
  const cgroup = mkdtempSync(join(tmpdir(), 'tinyrun-update-'));
  beforeAll(() => writeFileSync(join(cgroup, 'memory.current'), '4096\n'));
  afterAll(() => rmSync(cgroup, { recursive: true }));
  const check = (memory: LinuxMemory, at = cgroup) => checkUsage(at, { memory });

  it.each<[LinuxMemory, string]>([
    [{ limit: 4096 }, 'rejecting memory limit 4096 <= usage 4096'],
    [{ limit: 1 }, 'rejecting memory limit 1 <= usage 4096'],
    [{ limit: 8192, swap: 4096 }, 'rejecting memory+swap limit 4096 <= usage 4096'],
  ])('%j is refused in runc’s words', (memory, message) => {
    expect(() => check({ ...memory, checkBeforeUpdate: true })).toThrow(message);
    expect(() => check(memory)).not.toThrow();
    expect(() => check({ ...memory, checkBeforeUpdate: false })).not.toThrow();
  });

  it.each<LinuxMemory>([{ limit: 4097 }, { limit: -1, swap: -1 }, { reservation: 1 }, {}])(
    '%j leaves enough, or is no limit',
    (memory) => {
      expect(() => check({ ...memory, checkBeforeUpdate: true })).not.toThrow();
    },
  );

  it('does not know what a cgroup uses that has no memory controller', () => {
    expect(() => check({ limit: 1, checkBeforeUpdate: true }, join(cgroup, 'none'))).not.toThrow();
  });
});
