import { describe, expect, test } from 'vitest';
import { explainPlan, explainStep, hanging, planAsJson } from '../../../src/plan/explain.ts';
import { syscallOf } from '../../../src/plan/syscall.ts';
import type { Plan, Step } from '../../../src/plan/types.ts';
import { wrap } from '../../../src/store/text.ts';

const PIVOT: Step = { op: 'pivotRoot', lane: 'container', args: {}, why: 'the old root is gone' };
const CLONE: Step = {
  op: 'clone',
  lane: 'host',
  args: { flags: 0x20020000n, cgroup: 0, pass: [1] },
  why: 'its own pid and mount namespaces',
  undo: [{ op: 'cgroupRemove', args: { path: '/c' } }],
};
const FILTER: Step = {
  op: 'seccomp',
  lane: 'container',
  args: { flags: 8, filter: Buffer.from([1, 2, 3]), slot: 2, stage: 2 },
  why: 'which system calls',
  mayFail: true,
};
const PLAN: Plan = { steps: [CLONE, PIVOT, FILTER] };

describe('syscallOf', () => {
  test.each<[Step, string]>([
    [PIVOT, 'fchdir(root); pivot_root(".", "."); umount2(".", MNT_DETACH); chdir("/")'],
    [
      CLONE,
      'clone3({flags=CLONE_NEWPID|CLONE_NEWNS|CLONE_PIDFD|CLONE_VFORK|CLONE_INTO_CGROUP, cgroup=fd0}); dup3(its streams, 0 … 2); execveat(tinyrun-init)',
    ],
    [
      {
        op: 'mountAttr',
        lane: 'container',
        args: { path: '/a', set: 1n, clear: 0x70n, propagation: 0, recursive: 1 },
        why: '',
      },
      'open(in_root("/a"), O_PATH); mount_setattr(fd, "", AT_EMPTY_PATH|AT_RECURSIVE, {attr_set=MOUNT_ATTR_RDONLY, attr_clr=MOUNT_ATTR__ATIME})',
    ],
    [
      {
        op: 'setRlimit',
        lane: 'container',
        args: { resource: 7, soft: 1024n, hard: 0xffff_ffff_ffff_ffffn },
        why: '',
      },
      'setrlimit(RLIMIT_NOFILE, {1024, RLIM_INFINITY})',
    ],
    [
      {
        op: 'exec',
        lane: 'host',
        args: {
          path: '/usr/bin/pasta',
          args: ['pasta', '-q', '0'],
          env: [],
          input: Buffer.from('xyz'),
          pidArg: 2,
          timeoutMs: 900,
        },
        why: '',
      },
      'execve("/usr/bin/pasta", ["pasta", "-q", "PID"]) and wait 900 ms, 3 bytes as its input',
    ],
    [
      {
        op: 'mountHost',
        lane: 'host',
        args: {
          type: 'nfs',
          source: 'nas:/v',
          target: '/v',
          attr: 3n,
          options: ['addr=192.0.2.1', 'nolock'],
        },
        why: '',
      },
      'fsopen("nfs"); fsconfig(source=nas:/v); fsconfig(addr=192.0.2.1, nolock); fsmount(MOUNT_ATTR_RDONLY|MOUNT_ATTR_NOSUID); move_mount(fd, "/v")',
    ],
    [
      { op: 'execve', lane: 'container', args: { args: ['/bin/echo', 'a"b'], env: ['A=1'] }, why: '' },
      'execve("/bin/echo", ["/bin/echo", "a\\"b"], [1 variables])',
    ],
    [
      { op: 'dieWithParent', lane: 'container', args: { signal: 9 }, why: '' },
      'prctl(PR_SET_PDEATHSIG, SIGKILL)',
    ],
  ])('%o', (step, call) => {
    expect(syscallOf(step)).toBe(call);
  });
});

describe('explainPlan', () => {
  test('one line per step for files and pipes', () => {
    const [first, second] = explainPlan(PLAN).split('\n');
    expect(first).toMatch(/^ {3}1 {2}host {7}clone3\(.*\) {2}# its own pid and mount namespaces$/);
    expect(second).toBe(
      '   2  container  fchdir(root); pivot_root(".", "."); umount2(".", MNT_DETACH); chdir("/")  # the old root is gone',
    );
    expect(explainPlan(PLAN)).toMatch(/\n3 steps: 1 on the host, 2 in the container\n$/);
  });

  test.each([30, 40, 60, 80, 120, 200])('no line is longer than a terminal of %d columns', (width) => {
    for (const line of explainPlan(PLAN, { width }).split('\n'))
      expect(line.length).toBeLessThanOrEqual(width);
  });

  test('an id is short on a terminal, and whole in a file', () => {
    const id = 'abcdef012345'.padEnd(64, '7');
    const step = { ...CLONE, why: `of ${id}` };
    expect(explainStep(step, 0, { width: 80 })).toMatch(/of\s+abcdef012345…/);
    expect(explainStep(step, 0, { width: 40 })).toContain('# of abcdef012345…');
    expect(explainStep(step, 0)).toContain(id);
  });

  test('a long last cell goes on below its beginning', () => {
    expect(hanging('ab  ', 'one two three', { width: 12 })).toBe('ab  one two\n    three');
    expect(hanging('ab  ', 'one two three', {})).toBe('ab  one two three');
    expect(hanging('a long beginning  ', 'one two', { width: 24 })).toBe('a long beginning\n      one two');
  });

  test('colour is given, not taken', () => {
    const painted = explainStep(PIVOT, 0, { paint: (format, text) => `<${format}>${text}` });
    expect(painted).toContain('<cyan>container');
    expect(painted).toContain('<dim># the old root');
  });
});

test('planAsJson: bytes in base64, 64-bit numbers as decimal strings', () => {
  expect(JSON.parse(planAsJson(PLAN)).steps).toEqual([
    {
      number: 1,
      lane: 'host',
      op: 'clone',
      syscall: syscallOf(CLONE),
      why: CLONE.why,
      args: { flags: '537001984', cgroup: 0, pass: [1] },
      undo: [{ op: 'cgroupRemove', args: { path: '/c' } }],
    },
    { number: 2, lane: 'container', op: 'pivotRoot', syscall: syscallOf(PIVOT), why: PIVOT.why, args: {} },
    {
      number: 3,
      lane: 'container',
      op: 'seccomp',
      syscall: syscallOf(FILTER),
      why: FILTER.why,
      args: { flags: 8, filter: 'AQID', slot: 2, stage: 2 },
      mayFail: true,
    },
  ]);
});

describe('wrap', () => {
  test.each<[string, number, string[]]>([
    ['a bc d', 4, ['a bc', 'd']],
    ['AAA|BBB|CCC', 8, ['AAA|BBB|', 'CCC']],
    ['aaaaaaa', 3, ['aaa', 'aaa', 'a']],
    ['', 5, ['']],
  ])('%j in %d columns', (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines);
  });
});
