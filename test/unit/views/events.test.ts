import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventLine } from '../../../src/views/events.ts';

let zone: string | undefined;
beforeAll(() => {
  zone = process.env.TZ;
});
afterAll(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

const of = (Attributes: Record<string, string>) => ({
  event: {
    Type: 'container' as const,
    Action: 'die' as const,
    status: 'die' as const,
    id: 'abc',
    Actor: { ID: 'abc', Attributes },
    scope: 'local' as const,
    time: 1,
    timeNano: 1,
  },
  at: '2026-11-27T15:40:09.123456789Z',
});

test.each([
  ['UTC', '2026-11-27T15:40:09.123456789Z'],
  ['Asia/Kolkata', '2026-11-27T21:10:09.123456789+05:30'],
  ['America/New_York', '2026-11-27T10:40:09.123456789-05:00'],
])('a line by the clock of %s', (name, time) => {
  process.env.TZ = name;
  expect(eventLine(of({ a: '1', name: 'web' }))).toBe(`${time} container die abc (a=1, name=web)`);
  expect(eventLine(of({}))).toBe(`${time} container die abc`);
});

test('a label is no line of its own, nor obeyed by a terminal', () => {
  process.env.TZ = 'UTC';
  expect(eventLine(of({ a: 'x)\n2026 container die def \x1b[2J' }))).toBe(
    '2026-11-27T15:40:09.123456789Z container die abc (a=x)\\n2026 container die def \\x1b[2J)',
  );
});
