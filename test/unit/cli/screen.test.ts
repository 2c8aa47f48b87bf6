import { describe, expect, test } from 'vitest';
import { render } from '../../../src/cli/commands/doctor.ts';
import { forLocale } from '../../../src/cli/output/screen.ts';
import { orderOf, Stepper } from '../../../src/cli/output/step.ts';
import { traceTable } from '../../../src/cli/output/trace.ts';
import type { Plan, Step } from '../../../src/plan/types.ts';

describe('signs for the locale', () => {
  const text = '✔ a → b … 3 µs │├└─ docker’s é 世';
  test.each([
    [{ LANG: 'C' }],
    [{ LANG: 'POSIX' }],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }],
    [{ LANG: 'en_US.UTF-8', LC_CTYPE: 'de_DE.ISO-8859-1' }],
  ])('%j has plain ones, and names as they are', (env) => {
    expect(forLocale(text, env)).toBe("+ a > b ~ 3 us ||`- docker's é 世");
  });
  test.each([[{}], [{ LANG: '' }], [{ LANG: 'C.UTF-8' }], [{ LANG: 'C', LC_ALL: 'de_DE.utf8' }]])(
    '%j has all',
    (env) => expect(forLocale(text, env)).toBe(text),
  );
});

test('doctor breaks between words, below where it began', () => {
  const findings = [
    { id: 'kernel', status: 'ok' as const, detail: '6.1.0' },
    {
      id: 'cgroup',
      status: 'fail' as const,
      detail: 'a controller is not there',
      remedy: 'boot with it, and then again',
    },
  ];
  expect(render(findings, 30)).toBe(`✔ kernel  6.1.0
✗ cgroup  a controller is not
          there
          → boot with it, and
            then again

tinyrun run cannot work here: mend the 1 marked ✗
`);
  expect(render(findings)).toContain('a controller is not there\n');
});

const step = (op: string, lane: 'host' | 'container', args: object, undo?: object): Step =>
  ({ op, lane, args, why: `for ${op}`, ...(undo && { undo: [undo] }) }) as Step;
const PLAN: Plan = {
  steps: [
    step('mkdir', 'host', { path: '/run/x', mode: 0o700 }, { op: 'rmdir', args: { path: '/run/x' } }),
    step('setsid', 'container', {}),
    step('pivotRoot', 'container', {}),
    step('awaitReady', 'host', {}),
    step('chroot', 'container', {}),
  ],
};
const result = (at: number, errno = 0) => ({
  step: at,
  ns: 1500,
  errno,
  syscall: errno ? 'pivot_root' : '',
  path: errno ? '/' : '',
  ...(errno ? { code: 'EINVAL' } : {}),
});

describe('--trace', () => {
  test('a line per step in a file, a table with heads on a terminal', () => {
    const results = [result(0), result(1), result(2, 22)];
    expect(traceTable(PLAN, results)).toMatch(
      /^ {3}1 {2}host {12}1\.5 µs {2}ok {4}mkdir\("\/run\/x", 0700\)\n.*\n.* pivot_root \/: EINVAL {2}fchdir\(root\)/s,
    );
    for (const width of [40, 80]) {
      const shown = traceTable(PLAN, results, { width });
      expect(shown).toMatch(/^ {3}# {2}lane +time {2}answer\n/);
      expect(shown).toContain('EINVAL');
      for (const line of shown.split('\n')) expect(line.length, line).toBeLessThanOrEqual(width);
    }
  });
});

describe('--step', () => {
  test.each<[string, object]>([
    ['', { until: 2 }],
    ['n', { until: 2 }],
    ['c', { until: 5 }],
    ['q', { quit: true }],
    ['n pivotRoot', { until: 2 }],
    ['n PIVOTROOT', { until: 2 }],
    ['n 5', { until: 4 }],
    ['?', { say: expect.stringContaining('n OP|NUMBER') }],
    ['n 4', { say: expect.stringContaining('is the host') }],
    ['n 1', { say: expect.stringContaining('no step of that name or number comes after') }],
    ['n setsid', { say: expect.stringContaining('comes after this one') }],
    ['n constructor', { say: expect.stringContaining('comes after this one') }],
    ['frob', { say: expect.stringContaining('frob: not a command') }],
    ['c x', { say: expect.stringContaining('not a command') }],
  ])('%j', (line, order) => expect(orderOf(line, PLAN, 1)).toEqual(order));

  /** Goes through the plan with these lines; what is said. */
  async function walk(...lines: string[]): Promise<string> {
    let said = '';
    const prompt = { line: async () => lines.shift(), close: () => {} };
    const err = (text: string) => {
      said += text;
    };
    const stepper = new Stepper(PLAN, prompt, { err }, {});
    for (const at of [1, 2, 4])
      await stepper.stop(
        at,
        77,
        PLAN.steps.slice(0, at).map((_, i) => result(i)),
      );
    stepper.finish(PLAN.steps.map((_, i) => result(i)));
    return said;
  }

  test('tells what each step answered and its undo, how to look once, and asks', async () => {
    const said = await walk('', '', '');
    expect(said).toMatch(
      /1 {2}host +1\.5 µs {2}ok +mkdir\("\/run\/x", 0700\)\n {6}undo {2}rmdir\("\/run\/x"\)\n/,
    );
    expect(said.match(/nsenter/g)).toHaveLength(1);
    expect(said.match(/\[Enter, n, c, q, \?\]/g)).toHaveLength(3);
    expect(said.match(/ {2}ok /g)).toHaveLength(5);
  });
  test('c asks no more; n stops there only; a wrong line asks again', async () => {
    expect((await walk('c')).match(/\[Enter/g)).toHaveLength(1);
    const said = await walk('frob', 'n chroot', 'c');
    expect(said.match(/\[Enter/g)).toHaveLength(3);
    expect(said).toMatch(/ 5 {2}container {2}fchdir\(root\); chroot/);
    expect(said).not.toMatch(/ 3 {2}container {2}fchdir\(root\)/);
  });
  test('q ends it', async () => expect(walk('q')).rejects.toThrow());
});
