import { describe, expect, test } from 'vitest';
import type { ContainerRecord } from '../../../src/engine/record.ts';
import type { Sent } from '../../../src/engine/sent.ts';
import { whyOf } from '../../../src/engine/why.ts';
import { adviceOf, illnessOf, sentenceOf, verdictOf } from '../../../src/views/why.ts';

const sent = (by: Sent['by'], signal: number, graceMs?: number): Sent => ({
  at: '2026-01-01T00:00:00.000Z',
  by,
  signal,
  uid: 0,
  from: 'bash',
  ...(graceMs !== undefined && { graceMs }),
});

const record = (exit: object | undefined, more: object = {}) =>
  ({
    config: { image: 'x' },
    ...(exit && { exit: { code: 0, oomKilled: false, finished: '', ...exit } }),
    ...more,
  }) as unknown as ContainerRecord;

const told = (exit: object | undefined, by: readonly Sent[] = [], more: object = {}) => {
  const why = whyOf({ record: record(exit, more), status: 'exited', sent: by });
  return { reason: why.reason, text: sentenceOf(why), verdict: verdictOf(why), why };
};

const MIB = 2 ** 20;
const LIMITED = { config: { image: 'x', limits: { memory: 32 * MIB } } };

describe('why it ended', () => {
  test.each<[string, object | undefined, readonly Sent[], object, string, string, string]>([
    ['well', { code: 0 }, [], {}, 'ended', 'its program ended well', 'good'],
    ['not well', { code: 3 }, [], {}, 'ended', 'its program ended with 3', 'bad'],
    ['126', { code: 126 }, [], {}, 'ended', 'what it was to run is there, and cannot be run', 'bad'],
    ['127', { code: 127 }, [], {}, 'ended', 'what it was to run is not there', 'bad'],
    [
      'asked, and ended',
      { code: 0 },
      [sent('stop', 15)],
      {},
      'ended',
      'ended well, after tinyrun stop had sent it SIGTERM',
      'good',
    ],
    [
      'asked, by a code',
      { code: 143 },
      [sent('stop', 15)],
      {},
      'ended',
      'ended with 143, after tinyrun stop had sent it SIGTERM',
      'odd',
    ],
    ['137 of a shell', { code: 137 }, [], {}, 'ended', 'a shell says that SIGKILL ended what it ran', 'bad'],
    [
      'kill',
      { code: 137, signal: 9 },
      [sent('kill', 9)],
      {},
      'signal',
      'tinyrun kill ended it: SIGKILL, sent by root from bash',
      'odd',
    ],
    ['rm', { code: 137, signal: 9 }, [sent('rm', 9)], {}, 'signal', 'tinyrun rm ended it', 'odd'],
    [
      'Ctrl-C',
      { code: 130, signal: 2 },
      [sent('run', 2)],
      {},
      'signal',
      'the command at its terminal ended it: SIGINT',
      'odd',
    ],
    [
      'another signal than was sent',
      { code: 137, signal: 9 },
      [sent('kill', 1)],
      {},
      'signal',
      'SIGKILL ended it: no command of tinyrun sent it',
      'bad',
    ],
    ['from outside', { code: 137, signal: 9 }, [], {}, 'signal', 'no command of tinyrun sent it', 'bad'],
    [
      'its own fault',
      { code: 139, signal: 11 },
      [],
      {},
      'signal',
      'it touched memory that it does not have',
      'bad',
    ],
    [
      'grace over',
      { code: 137, signal: 9 },
      [sent('stop', 15), sent('stop', 9, 10_000)],
      {},
      'grace over',
      'it was killed because it had not ended 10s after tinyrun stop sent it SIGTERM',
      'bad',
    ],
    [
      'through our init',
      { code: 143 },
      [sent('kill', 15)],
      { config: { image: 'x', init: true } },
      'signal',
      'tinyrun kill ended it: SIGTERM',
      'odd',
    ],
    [
      'memory',
      { code: 137, signal: 9, oomKilled: true, peak: 32 * MIB },
      [],
      LIMITED,
      'memory',
      'the kernel killed it: its memory limit of 32MiB was reached, at most it had 32MiB',
      'bad',
    ],
    [
      'memory of another process',
      { code: 0, oomKilled: true },
      [],
      LIMITED,
      'memory',
      'killed a process of it: its memory limit of 32MiB was reached; its program then ended with 0',
      'bad',
    ],
    [
      'memory of the host',
      { code: 137, signal: 9, oomKilled: true },
      [],
      {},
      'memory',
      'the kernel had no memory left for it (it has no limit of its own)',
      'bad',
    ],
    [
      'lifeline',
      { code: 137, why: 'lifeline killed', note: 'n' },
      [sent('kill', 9)],
      {},
      'lifeline killed',
      'its monitor or command was killed',
      'bad',
    ],
    ['host', { code: 137, why: 'host went down' }, [], {}, 'host went down', 'the host went down', 'bad'],
    [
      'not started',
      undefined,
      [],
      { failure: { code: 127, message: 'mount /x: ENOENT' } },
      'not started',
      'it could not be started: mount /x: ENOENT',
      'bad',
    ],
    ['never', undefined, [], {}, 'created', 'has not been started', 'good'],
  ])('%s', (_, exit, by, more, reason, text, verdict) => {
    expect(told(exit, by, more)).toMatchObject({ reason, verdict, text: expect.stringContaining(text) });
  });

  test('one that runs says what it lived on after', () => {
    const why = whyOf({ record: record(undefined), status: 'running', sent: [sent('kill', 1)] });
    expect(sentenceOf(why)).toBe('it runs, and did on after SIGHUP of tinyrun kill');
  });

  test('what its checks found wrong last', () => {
    const entry = (ExitCode: number, Output = '') => ({ Start: '', End: '', ExitCode, Output });
    const health = {
      Status: 'unhealthy',
      FailingStreak: 3,
      Log: [entry(0), entry(1, 'no answer\n')],
    } as const;
    expect(illnessOf(health)).toBe('unhealthy, 3 checks on end failed; the last ended with 1: no answer');
    expect(illnessOf({ Status: 'starting', FailingStreak: 0, Log: [entry(-1)] })).toBe(
      'starting; the last ended with -1',
    );
    expect(illnessOf({ ...health, Log: [entry(0)] })).toBeUndefined();
    expect(illnessOf(undefined)).toBeUndefined();
  });

  test('what can be done names the container', () => {
    const { why } = told({ code: 137, signal: 9, oomKilled: true }, [], LIMITED);
    expect(adviceOf(why, 'web')).toBe('tinyrun update --memory 64m --memory-swap -1 web, then start it');
  });
});
