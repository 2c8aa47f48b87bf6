import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeLine, nanoseconds } from '../../../../src/runtime/log/line.ts';

const TIME = '2026-11-27T12:00:00.123456789Z';
const line = (log: string, stream = 'stdout', time = TIME) => JSON.stringify({ log, stream, time });

test('the quick way and JSON answer the same', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom('stdout', 'stderr'),
      (text, stream) => {
        expect(decodeLine(line(text, stream))).toEqual({ stream, time: TIME, text });
        expect(decodeLine(line(`${text}\n`, stream))).toEqual({ stream, time: TIME, text: `${text}\n` });
      },
    ),
  );
});

test.each([
  ['a backslash before the end', '\\\\n'],
  ['a quote', 'say "hello"\n'],
  ['nothing', ''],
  ['a line feed in the middle', 'a\nb'],
  ['what looks like the end', '","stream":"stdout","time":"'],
])('%s', (_, text) => {
  expect(decodeLine(line(text))).toEqual({ stream: 'stdout', time: TIME, text });
});

test("Docker's own lines: other times, more fields", () => {
  const dockers =
    '{"log":"x\\u003cy\\n","stream":"stderr","attrs":{"tag":"a"},"time":"2026-11-27T12:00:00.5Z"}';
  expect(decodeLine(dockers)).toEqual({
    stream: 'stderr',
    time: '2026-11-27T12:00:00.500000000Z',
    text: 'x<y\n',
  });
  expect(nanoseconds('2026-11-27T12:00:00Z')).toBe('2026-11-27T12:00:00.000000000Z');
});

test.each([
  '',
  '{"log":"cut in the mi',
  '[]',
  'null',
  '{"log":1,"stream":"stdout","time":"x"}',
  line('x', 'stdin'),
])('no line: %s', (text) => {
  expect(decodeLine(text)).toBeUndefined();
});
