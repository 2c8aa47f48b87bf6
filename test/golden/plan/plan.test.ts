import { describe, expect, test } from 'vitest';
import { compile } from '../../../src/plan/compile/index.ts';
import { decode } from '../../../src/plan/decode.ts';
import { encode } from '../../../src/plan/encode.ts';
import { explainStep } from '../../../src/plan/explain.ts';
import type { Step } from '../../../src/plan/types.ts';
import { ROOT } from './hosts.ts';
import { CASES, type Case } from './specs.ts';

// Each case's plan in NAME.txt: a line for people, then the exact arguments. `vitest -u` writes them anew.

function exact(step: Step): string {
  const value = (_: string, given: unknown): unknown =>
    typeof given === 'bigint'
      ? `${given}n`
      : given instanceof Uint8Array
        ? Buffer.from(given).toString('hex')
        : given;
  const args = Object.fromEntries(Object.entries(step.args).map(([name, arg]) => [name, value(name, arg)]));
  const { mayFail, undo } = step;
  return JSON.stringify({ [step.op]: args, ...(mayFail && { mayFail }), ...(undo && { undo }) }, value);
}

function goldenText({ spec, host = ROOT, options }: Case): string {
  const compiled = compile(spec, host, {
    id: 'c1',
    bundle: '/bundle',
    rootfs: { kind: 'directory', path: '/bundle/rootfs' },
    wait: { kind: 'exec' },
    noNewKeyring: true,
    ...options,
  });
  const { plan, ...rest } = compiled;
  const steps = plan.steps.map((step, index) => `${explainStep(step, index)}\n      ${exact(step)}\n`);
  return `${steps.join('')}${JSON.stringify(rest)}\n`;
}

describe('compile', () => {
  for (const [name, each] of Object.entries(CASES)) {
    test(name, async () => {
      await expect(goldenText(each)).toMatchFileSnapshot(`./${name}.txt`);
    });
  }
});

test('every plan survives the wire', () => {
  for (const { spec, host = ROOT, options } of Object.values(CASES)) {
    const { plan } = compile(spec, host, {
      id: 'c1',
      bundle: '/bundle',
      rootfs: { kind: 'directory', path: '/r' },
      wait: { kind: 'exec' },
      ...options,
    });
    const executable = plan.steps.map(({ op, lane, args, mayFail }) => ({
      op,
      lane,
      args,
      ...(mayFail && { mayFail }),
    }));
    expect(decode(encode(plan))).toEqual(executable);
  }
});
