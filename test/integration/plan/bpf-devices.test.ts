import fc from 'fast-check';
import { expect, test } from 'vitest';
import { native } from '../../../src/native/index.ts';
import { deviceProgram } from '../../../src/plan/bpf-devices.ts';
import type { LinuxDeviceCgroup } from '../../../src/spec/types.ts';

const number = fc.oneof(fc.integer({ min: 0, max: 511 }), fc.constant(-1));
const rule: fc.Arbitrary<LinuxDeviceCgroup> = fc.record(
  {
    allow: fc.boolean(),
    type: fc.constantFrom('a', 'b', 'c'),
    major: number,
    minor: number,
    access: fc.constantFrom('r', 'w', 'm', 'rw', 'rwm', ''),
  },
  { requiredKeys: ['allow'] },
);

test("the kernel's verifier takes every program", () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 30 }), (rules) => {
      const fd = native().bpfLoadDevice(deviceProgram(rules));
      expect(fd).toBeGreaterThan(2);
      native().close(fd);
    }),
    { numRuns: 100 },
  );
});
