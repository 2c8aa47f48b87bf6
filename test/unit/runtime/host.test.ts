import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { thermalThrottle } from '../../../src/runtime/host.ts';

test('counts of heat are found for every processor, and nothing else of that directory', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'tinyrun-host-'));
  expect(thermalThrottle(dir)).toEqual([]);
  for (const name of ['cpu0/thermal_throttle', 'cpu11/thermal_throttle', 'cpufreq/thermal_throttle'])
    mkdirSync(path.join(dir, name), { recursive: true });
  expect(thermalThrottle(dir).sort()).toEqual([0, 11].map((n) => `${dir}/cpu${n}/thermal_throttle`));
  expect(thermalThrottle(path.join(dir, 'missing'))).toEqual([]);
  rmSync(dir, { recursive: true });
});
