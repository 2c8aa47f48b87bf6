import { describe, expect, test } from 'vitest';
import { type Compiled, compile } from '../../../src/plan/compile/index.ts';
import { decode } from '../../../src/plan/decode.ts';
import { encode } from '../../../src/plan/encode.ts';
import { explainStep } from '../../../src/plan/explain.ts';
import type { Step } from '../../../src/plan/types.ts';
import { attachPlan } from '../../../src/plan/verbs/attach.ts';
import { type ExecOptions, execPlan } from '../../../src/plan/verbs/exec.ts';
import { defaultSpec } from '../../../src/spec/defaults.ts';
import { ROOT } from './hosts.ts';
import { CASES, type Case, CONTRIBUTED } from './specs.ts';

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

function textOf({ plan, ...rest }: Compiled): string {
  const steps = plan.steps.map((step, index) => `${explainStep(step, index)}\n      ${exact(step)}\n`);
  return `${steps.join('')}${JSON.stringify(rest)}\n`;
}

function made({ spec, host = ROOT, options }: Case): Compiled {
  return compile(spec, host, {
    id: 'c1',
    bundle: '/bundle',
    rootfs: { kind: 'directory', path: '/bundle/rootfs' },
    wait: { kind: 'exec' },
    noNewKeyring: true,
    ...options,
  });
}

describe('compile', () => {
  for (const [name, each] of Object.entries(CASES)) {
    test(name, async () => {
      await expect(textOf(made(each))).toMatchFileSnapshot(`./${name}.txt`);
    });
  }
});

describe('exec', () => {
  const base = { id: 'c1', first: { pid: 7, startTime: 99n } };
  const execs: Record<string, ExecOptions> = {
    'exec-default': {
      ...base,
      spec: defaultSpec(),
      process: { cwd: '/', args: ['true'] },
      cgroup: '/sys/fs/cgroup/c1',
    },
    'exec-everything': {
      ...base,
      spec: {
        ...defaultSpec(),
        linux: {
          namespaces: [{ type: 'user' }, { type: 'mount' }, { type: 'pid' }, { type: 'time' }],
          seccomp: { defaultAction: 'SCMP_ACT_ERRNO' },
        },
      },
      process: {
        cwd: '/work',
        args: ['sh'],
        terminal: true,
        consoleSize: { height: 24, width: 80 },
        user: { uid: 5, gid: 6, additionalGids: [7] },
        oomScoreAdj: 10,
        execCPUAffinity: { initial: '0', final: '0-3' },
        rlimits: [{ type: 'RLIMIT_CORE', soft: 0, hard: 0 }],
      },
      seccomp: { filter: new Uint8Array(8), flags: 0 },
      preserveFds: 1,
    },
    'exec-no-mount-namespace': {
      ...base,
      spec: { ...defaultSpec(), linux: {} },
      process: { cwd: '/', args: ['true'] },
    },
  };
  for (const [name, options] of Object.entries(execs)) {
    test(name, async () => {
      await expect(textOf(execPlan(ROOT, options))).toMatchFileSnapshot(`./${name}.txt`);
    });
  }
});

test('attach', async () => {
  const [contribution = {}] = CONTRIBUTED;
  const plan = attachPlan(ROOT, { pid: 7, startTime: 99n }, contribution);
  await expect(textOf({ plan, warnings: [], slots: {} })).toMatchFileSnapshot('./attach.txt');
});

test('every plan survives the wire', () => {
  for (const each of Object.values(CASES)) {
    const { plan } = made(each);
    const executable = plan.steps.map(({ op, lane, args, mayFail }) => ({
      op,
      lane,
      args,
      ...(mayFail && { mayFail }),
    }));
    expect(decode(encode(plan))).toEqual(executable);
  }
});
