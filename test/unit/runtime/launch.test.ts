import { existsSync, readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { native } from '../../../src/native/index.ts';
import { NO_SLOT, type Step } from '../../../src/plan/types.ts';
import { launch, launchSync } from '../../../src/runtime/launch.ts';

/** A process that waits for a word of ours, which it never gets. */
const STEPS: Step[] = [
  { op: 'clone', lane: 'host', args: { flags: 0n, cgroup: NO_SLOT, pass: [] }, why: 'a test' },
  { op: 'yield', lane: 'host', args: { tag: 1 }, why: 'a test' },
  { op: 'awaitConfigured', lane: 'container', args: {}, why: 'a test' },
];

/** Waits until a process is gone, zombie and all; only its parent can bring that about. */
const reaped = (pid: number) =>
  vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false), { timeout: 90_000, interval: 1 });

test('what was cloned is ended and reaped when Node’s part of the plan fails', async () => {
  let pid = 0;
  const onYield = (_tag: number, progress: { pid: number }): void => {
    pid = progress.pid;
    expect(native().startTime(pid)).not.toBeNull();
    throw new Error('no space');
  };
  await expect(launch({ plan: { steps: STEPS }, onYield })).rejects.toThrow('no space');
  expect(pid).toBeGreaterThan(0);
  await reaped(pid);
});

test('a plan that asks for Node is not run on its thread, and nothing of it is left', async () => {
  const children = () => readFileSync('/proc/thread-self/children', 'utf8').trim();
  const before = children();
  expect(() => launchSync({ plan: { steps: STEPS } })).toThrow('run by launch()');
  await vi.waitFor(() => expect(children()).toBe(before), { timeout: 90_000, interval: 1 });
});
