import { expect } from 'vitest';
import type { Spec } from '../../../src/spec/types.ts';
import { type Bench, type Mutable, testSpec } from '../tinyrunc/support.ts';

export type Change = (
  spec: Mutable<Spec> & {
    process: NonNullable<Mutable<Spec>['process']>;
    linux: NonNullable<Mutable<Spec>['linux']>;
  },
) => void;

/** A spec with process and linux there to be changed. */
export function specOf(args: readonly string[], change: Change = () => {}): Spec {
  return testSpec(args, (spec) => {
    spec.linux ??= {};
    change(spec as Parameters<Change>[0]);
  });
}

/** What `run` of a shell script prints, without the last newline; the test fails when the script does. */
export function sh(bench: Bench, script: string, change?: Change): string {
  return bench.ok(['run', '-b', bench.bundle(specOf(['sh', '-c', script], change)), bench.id()]).trimEnd();
}

/** `run` of the spec must fail, and say why. */
export function refuse(bench: Bench, change: Change, message: RegExp): void {
  const id = bench.id();
  const { status, stderr } = bench.run(['run', '-b', bench.bundle(specOf(['true'], change)), id]);
  expect(stderr).toMatch(message);
  expect(status).not.toBe(0);
  expect(bench.run(['state', id]).status).not.toBe(0);
}
