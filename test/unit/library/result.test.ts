import { expect, it, test } from 'vitest';
import { messageOf, type Outcome, RunError, resultOf } from '../../../src/library/result.ts';

const ended = { id: 'x', exitCode: 0, oomKilled: false };
const outcome: Outcome = {
  name: 'busybox',
  ended,
  reason: undefined,
  durationMs: 1.5,
  limits: { timeout: 500, maxBuffer: 1024 },
};
const none = { stdout: undefined, stderr: undefined };

it.each<[Partial<Outcome>, string]>([
  [{}, 'busybox exited with 0'],
  [{ ended: { ...ended, exitCode: 3 } }, 'busybox exited with 3'],
  [{ ended: { ...ended, exitCode: 143, signal: 15 } }, 'busybox was ended by SIGTERM'],
  [{ ended: { ...ended, exitCode: 164, signal: 36 } }, 'busybox was ended by SIGRTMIN+2'],
  [
    { ended: { ...ended, exitCode: 137, signal: 9, oomKilled: true } },
    'busybox was ended by SIGKILL (killed for memory)',
  ],
  [{ ended: { ...ended, exitCode: 1, oomKilled: true } }, 'busybox exited with 1 (killed for memory)'],
  [{ reason: 'timedOut', ended: { ...ended, exitCode: 137, signal: 9 } }, 'busybox timed out after 500 ms'],
  [{ reason: 'canceled', ended: undefined }, 'busybox was canceled'],
  [{ reason: 'maxBuffer' }, 'busybox wrote more than 1024 bytes'],
])('%j: %s', (changed, message) => expect(messageOf({ ...outcome, ...changed })).toBe(message));

it('a result says how it ended, each of it by its name', () => {
  const killed = { ...outcome, ended: { ...ended, exitCode: 137, signal: 9, oomKilled: true } };
  expect(resultOf('x', killed, { stdout: 'a', stderr: '' })).toEqual({
    id: 'x',
    exitCode: 137,
    signal: 9,
    signalName: 'SIGKILL',
    oomKilled: true,
    timedOut: false,
    isCanceled: false,
    isMaxBuffer: false,
    failed: true,
    stdout: 'a',
    stderr: '',
    durationMs: 1.5,
    shortMessage: 'busybox was ended by SIGKILL (killed for memory)',
  });
});

it('what is called off has failed, however the program took it', () => {
  for (const reason of ['timedOut', 'canceled', 'maxBuffer'] as const)
    expect(resultOf('x', { ...outcome, reason }, none)).toMatchObject({ exitCode: 0, failed: true });
  expect(resultOf('x', outcome, none)).toMatchObject({ failed: false });
});

it('what never ran ends with Docker’s 125', () => {
  const result = resultOf('x', { ...outcome, ended: undefined, reason: 'canceled' }, none);
  expect(result).toMatchObject({ exitCode: 125, isCanceled: true, failed: true });
  expect(result).not.toHaveProperty('signal');
});

test('the error of a result has nothing in its message that the program wrote', () => {
  const result = resultOf(
    'x',
    { ...outcome, ended: { ...ended, exitCode: 3 } },
    { ...none, stderr: '\x1b[2J' },
  );
  const error = new RunError(result);
  expect(error).toMatchObject({ name: 'RunError', message: 'busybox exited with 3', exitCode: 3, result });
  const canceled = new RunError(resultOf('x', { ...outcome, reason: 'canceled' }, none));
  expect(canceled.exitCode).toBe(1);
});
