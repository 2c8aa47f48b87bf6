import { describe, expect, it } from 'vitest';
import { deedOf, kindOf } from '../../../../src/library/wait/conditions.ts';
import { endOf } from '../../../../src/library/wait/end.ts';
import { matcherOf } from '../../../../src/library/wait/log.ts';
import type { WaitFor } from '../../../../src/library/wait/types.ts';

describe('what is waited for', () => {
  it.each<[WaitFor, string, string]>([
    [{ log: 'up' }, 'log', 'wrote "up"'],
    [{ log: /^up$/m }, 'log', 'wrote /^up$/m'],
    [{ port: 80 }, 'port', 'listened on port 80'],
    [{ health: true }, 'health', 'was healthy'],
    [{ exit: true }, 'exit', 'ended'],
  ])('%j', (what, kind, deed) => {
    expect(kindOf(what)).toBe(kind);
    expect(deedOf(what)).toBe(deed);
  });

  it.each([
    [{}, 'waitFor'],
    [{ log: 'x', exit: true }, 'waitFor'],
    [{ log: 1 }, 'log'],
    [{ port: 0 }, 'port'],
    [{ port: 1.5 }, 'port'],
    [{ port: 'http' }, 'port'],
    [{ health: false }, 'health'],
    [{ exit: 'yes' }, 'exit'],
  ])('%j is refused', (what, field) =>
    expect(() => kindOf(what as unknown as WaitFor)).toThrow(expect.objectContaining({ field })),
  );
});

it('a pattern keeps no place between two lines', () => {
  const matches = matcherOf(/a(\d)?/g);
  expect([matches('a1'), matches('a'), matches('b')]).toEqual([['a1', '1'], ['a', ''], undefined]);
  expect(matcherOf('+')('1+1')).toEqual(['+']);
});

it('how a container ended, by what is told or kept', () => {
  const exit = { code: 137, signal: 9, oomKilled: true, finished: '2026-11-27T12:00:00.000Z' };
  expect(endOf('web', exit)).toEqual({
    exitCode: 137,
    signal: 9,
    signalName: 'SIGKILL',
    oomKilled: true,
    failed: true,
    finished: exit.finished,
    shortMessage: 'web was ended by SIGKILL (killed for memory)',
  });
  expect(endOf('web', undefined)).toBeUndefined();
});
