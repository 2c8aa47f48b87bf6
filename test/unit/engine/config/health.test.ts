import { describe, expect, test } from 'vitest';
import { checkHealth, healthcheckOf, healthOf } from '../../../../src/engine/config/health.ts';

const S = 1e9;

describe('what is run', () => {
  const DEFAULTS = {
    intervalMs: 30_000,
    timeoutMs: 30_000,
    startPeriodMs: 0,
    startIntervalMs: 5000,
    retries: 3,
  };

  test.each([
    ['nothing', undefined, {}, undefined],
    [
      "the image's",
      undefined,
      { Healthcheck: { Test: ['CMD', 'ask', 'it'] } },
      { ...DEFAULTS, args: ['ask', 'it'] },
    ],
    [
      'by the shell',
      { test: ['CMD-SHELL', 'a || b'] },
      { Healthcheck: { Test: ['CMD', 'ask'], Interval: 5 * S, Retries: 7 } },
      { ...DEFAULTS, args: ['/bin/sh', '-c', 'a || b'], intervalMs: 5000, retries: 7 },
    ],
    [
      "by the image's shell",
      { retries: 1, intervalMs: 1500 },
      { Shell: ['/bin/ash', '-ec'], Healthcheck: { Test: ['CMD-SHELL', 'x'], StartPeriod: S, Timeout: 0 } },
      { ...DEFAULTS, args: ['/bin/ash', '-ec', 'x'], intervalMs: 1500, startPeriodMs: 1000, retries: 1 },
    ],
    [
      'nothing, though the image has it',
      { test: ['NONE'] },
      { Healthcheck: { Test: ['CMD', 'x'] } },
      undefined,
    ],
    ['nothing where the image says so', { retries: 2 }, { Healthcheck: { Test: ['NONE'] } }, undefined],
    ['nothing where there are times alone', { intervalMs: 5 }, {}, undefined],
    ['nothing of a kind that nobody knows', undefined, { Healthcheck: { Test: ['ASK', 'x'] } }, undefined],
    ['nothing of a program that is none', undefined, { Healthcheck: { Test: ['CMD'] } }, undefined],
    [
      'numbers of an image that count backwards, or further than anybody',
      undefined,
      { Shell: [], Healthcheck: { Test: ['CMD-SHELL', 'x'], Retries: -1, Timeout: -S } },
      { ...DEFAULTS, args: ['/bin/sh', '-c', 'x'] },
    ],
    [
      'as often as a monitor counts',
      undefined,
      { Healthcheck: { Test: ['CMD', 'x'], Retries: 2 ** 40 } },
      { ...DEFAULTS, args: ['x'], retries: 2 ** 32 - 1 },
    ],
    [
      'times of an image that are none',
      undefined,
      { Healthcheck: { Test: ['CMD', 'x'], Interval: -5, Timeout: 3, Retries: 0 } },
      { ...DEFAULTS, args: ['x'] },
    ],
  ])('%s', (_, config, image, expected) => expect(healthOf(config, image)).toEqual(expected));

  test('inspect tells of both in nanoseconds', () => {
    const image = { Test: ['CMD', 'x'], Interval: S, Retries: 5 };
    expect(healthcheckOf({ retries: 2, timeoutMs: 1.5 }, image)).toEqual({
      ...image,
      Retries: 2,
      Timeout: 1.5e6,
    });
    expect(healthcheckOf({ test: ['NONE'] }, image)).toEqual({ Test: ['NONE'] });
    expect(healthcheckOf(undefined, undefined)).toBeUndefined();
  });
});

test.each([
  [{ test: ['ASK', 'x'] }, 'health.test', /CMD, CMD-SHELL, NONE/],
  [{ test: ['CMD'] }, 'health.test', /no program/],
  [{ test: ['NONE'], retries: 1 }, 'health.test', /neither times nor retries/],
  [{ intervalMs: -1 }, 'health.intervalMs', /negative/],
  [{ timeoutMs: 0.5 }, 'health.timeoutMs', /less than 1ms/],
  [{ startPeriodMs: Number.POSITIVE_INFINITY }, 'health.startPeriodMs', /too long/],
  [{ startIntervalMs: Number.NaN }, 'health.startIntervalMs', /too long/],
  [{ retries: 1.5 }, 'health.retries', /from 0/],
])('%j is refused', (health, field, problem) =>
  expect(() => checkHealth(health)).toThrow(
    expect.objectContaining({ field, problem: expect.stringMatching(problem) }),
  ),
);

test('times of 0 are none', () =>
  expect(() => checkHealth({ intervalMs: 0, retries: 0, test: [] })).not.toThrow());
