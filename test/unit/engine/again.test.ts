import { expect, test } from 'vitest';
import { backoffOf, hasPolicy, isAgain, nextBackoff, restarted } from '../../../src/engine/again.ts';
import type { RestartConfig } from '../../../src/engine/config/types.ts';
import type { ContainerRecord } from '../../../src/engine/record.ts';

const asked = (on: RestartConfig['on'], atMost?: number) => ({
  config: { image: 'box', restart: { on, ...(atMost !== undefined && { atMost }) } },
});

test.each<[string, RestartConfig['on'], number | undefined, 'stopped' | undefined, number, number, boolean]>([
  ['no policy', 'no', undefined, undefined, 0, 1, false],
  ['always', 'always', undefined, undefined, 0, 0, true],
  ['always, stopped', 'always', undefined, 'stopped', 0, 1, false],
  ['unless-stopped', 'unless-stopped', undefined, undefined, 1000, 0, true],
  ['unless-stopped, stopped', 'unless-stopped', undefined, 'stopped', 0, 0, false],
  ['failure of what did not fail', 'failure', undefined, undefined, 0, 0, false],
  ['failure', 'failure', undefined, undefined, 1000, 1, true],
  ['failure, 0 times: as often as it fails', 'failure', 0, undefined, 1000, 1, true],
  ['failure, the last time', 'failure', 3, undefined, 2, 1, true],
  ['failure, once too often', 'failure', 3, undefined, 3, 1, false],
  ['failure, stopped', 'failure', 3, 'stopped', 0, 137, false],
])('%s', (_, on, atMost, wanted, restarts, code, again) => {
  expect(isAgain({ ...asked(on, atMost), restarts, ...(wanted && { wanted }) }, code)).toBe(again);
});

test('who has no policy', () => {
  expect(hasPolicy({ config: { image: 'box' } })).toBe(false);
  expect(hasPolicy(asked('no'))).toBe(false);
  expect(hasPolicy(asked('failure'))).toBe(true);
});

test('it waits twice as long each time, up to a minute, and anew when the program ran for ten seconds', () => {
  const waits: number[] = [];
  for (let last: number | undefined; waits.length < 12; waits.push(last)) last = nextBackoff(last);
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
  const exit = (seconds: string) => ({
    code: 1,
    oomKilled: false,
    started: '2026-11-27T12:00:00.000Z',
    finished: `2026-11-27T12:00:${seconds}Z`,
  });
  expect(backoffOf({ backoff: 800 }, exit('09.999'))).toBe(1600);
  expect(backoffOf({ backoff: 800 }, exit('10.000'))).toBe(100);
  const record = { ...asked('always'), restarts: 4, backoff: 800 } as ContainerRecord;
  expect(restarted(record, exit('01.000'))).toMatchObject({ restarts: 5, backoff: 1600 });
});
