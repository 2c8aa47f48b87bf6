import { expect } from 'vitest';
import type { Bench } from '../../support/bench.ts';
import { type Change, testSpec } from '../../support/spec.ts';

/** What `run` of a shell script prints, without the last newline; the test fails when the script does. */
export function sh(bench: Bench, script: string, change?: Change): string {
  return bench.ok(['run', '-b', bench.bundle(testSpec(['sh', '-c', script], change)), bench.id()]).trimEnd();
}

/** `run` of the spec must fail, and say why. */
export function refuse(bench: Bench, change: Change, message: RegExp): void {
  const id = bench.id();
  const { status, stderr } = bench.run(['run', '-b', bench.bundle(testSpec(['true'], change)), id]);
  expect(stderr).toMatch(message);
  expect(status).not.toBe(0);
  expect(bench.run(['state', id]).status).not.toBe(0);
}
