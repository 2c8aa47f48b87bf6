import { expect, test } from 'vitest';
import { processFlags } from '../../../../src/cli/flags/process.ts';
import { stopOptions } from '../../../../src/cli/flags/stop.ts';
import { checkStop } from '../../../../src/engine/config/stop.ts';

const asked = (flags: object) => processFlags.read(flags, { env: {}, cwd: '/' }).stop;

test('--stop-signal and --stop-timeout are one thing; below zero is for ever', () => {
  expect(asked({})).toBeUndefined();
  expect(asked({ stopSignal: '' })).toBeUndefined();
  expect(asked({ stopSignal: 'INT' })).toEqual({ signal: 2 });
  expect(asked({ stopTimeout: 0 })).toEqual({ graceMs: 0 });
  expect(asked({ stopSignal: '9', stopTimeout: 3 })).toEqual({ signal: 9, graceMs: 3000 });
  expect(asked({ stopTimeout: -5 })).toEqual({ graceMs: -1 });
});

test('stop -t, and what it was called before', () => {
  expect(stopOptions({})).toEqual({ signal: undefined, graceMs: undefined });
  expect(stopOptions({ signal: 'INT', timeout: 2 })).toEqual({ signal: 'INT', graceMs: 2000 });
  expect(stopOptions({ time: -1 })).toMatchObject({ graceMs: -1 });
});

test('what cannot be is refused by its field', () => {
  const check = (stop: { signal?: number; graceMs?: number }) => () => checkStop({ image: 'busybox', stop });
  for (const good of [{}, { graceMs: -1 }, { graceMs: 0 }, { signal: 64, graceMs: 2 ** 31 - 1 }])
    expect(check(good)).not.toThrow();
  for (const graceMs of [-2, 0.5, Number.NaN, 2 ** 31])
    expect(check({ graceMs })).toThrow(expect.objectContaining({ field: 'stop.graceMs' }));
  expect(check({ signal: 65 })).toThrow(expect.objectContaining({ field: 'stop.signal' }));
});
