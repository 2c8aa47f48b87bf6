import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { native } from '../../../src/native/index.ts';
import { hasEnded, openPidfd, openProcess, signalPidfd, waitForEnd } from '../../../src/runtime/pidfd.ts';

test('a process is held by its pidfd, whose it is proven by its start, and its end is waited for, if not for ever', async () => {
  const { pid = 0 } = spawn('sleep', ['1000']);
  const startTime = native().startTime(pid) ?? 0n;
  expect(openProcess(pid, startTime + 1n)).toBeUndefined();
  const pidfd = openProcess(pid, startTime) ?? -1;
  try {
    expect(await hasEnded(pidfd, 10)).toBe(false);
    signalPidfd(pidfd, 9);
    expect(await hasEnded(pidfd, 60_000)).toBe(true);
    signalPidfd(pidfd, 9);
  } finally {
    native().close(pidfd);
  }
  await waitForEnd(pid);
});

test('who has gone is no error', async () => {
  // above pid_max
  expect(openPidfd(2 ** 22 + 1)).toBeUndefined();
  await waitForEnd(2 ** 22 + 1);
  signalPidfd(-1, 9);
});
