import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeLines, type LogLine } from '../../../../src/runtime/log/line.ts';
import { LogTexts } from '../../../../src/runtime/log/text.ts';

const ALL = { since: '', until: undefined, timestamps: false, details: false };
const EARLY = '2026-11-27T12:00:00.000000001Z';
const TIME = '2026-11-27T12:00:00.123456789Z';
const LATE = '2026-11-27T13:00:00.000000000Z';

const line = (log: string, stream = 'stdout', time = TIME) => JSON.stringify({ log, stream, time });

/** Each piece with its stream; neighbours of one stream as one. */
function read(lines: readonly string[], how = ALL): string[] {
  const all: string[] = [];
  let before = 0;
  for (const { fd, bytes } of new LogTexts(how).of(Buffer.from(lines.map((each) => `${each}\n`).join('')))) {
    const text = Buffer.from(bytes).toString();
    if (fd === before) all.push(`${all.pop() ?? ''}${text}`);
    else all.push(`${fd}${text}`);
    before = fd;
  }
  return all;
}

/** As JSON has it, spelt as nobody has to. */
const spelt = (text: string) =>
  JSON.stringify(text).replaceAll(
    /[<>&\u0080-\ud7ff\ue000-\uffff/]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 70 }),
  fc.string({ unit: fc.constantFrom('"', '\\', '\n', 'n', 'u', '\u2028', '<', 'a'), maxLength: 20 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 200 }),
);
const lines = fc.array(
  fc.oneof(
    fc
      .tuple(text, fc.constantFrom('stdout', 'stderr'), fc.constantFrom(EARLY, TIME, LATE))
      .map((of) => line(...of)),
    text.map((log) => `{"log":${spelt(log)},"stream":"stdout","time":"${TIME}"}`),
    text.map((log) => JSON.stringify({ log, stream: 'stderr', attrs: {}, time: '2026-11-27T12:00:00.5Z' })),
    text.map((log) => log.replaceAll('\n', '')),
    text.map((log) => line(log).slice(0, -3)),
    text.map((log) => `{"log":"${log.replaceAll('\n', '')}","stream":"stdout","time":"${TIME}"}`),
  ),
  { maxLength: 8 },
);

test('the same text as by JSON, of every line', () => {
  const times = fc.constantFrom('', EARLY, TIME, LATE);
  fc.assert(
    fc.property(
      lines,
      times,
      fc.option(times, { nil: undefined }),
      fc.boolean(),
      fc.boolean(),
      (...given) => {
        const [some, since, until, timestamps, details] = given;
        const wanted = decodeLines(Buffer.from(some.map((each) => `${each}\n`).join('')))
          .filter(({ time }) => time >= since && (until === undefined || time < until))
          .map(({ stream, time, text }: LogLine): [number, string] => [
            stream === 'stderr' ? 2 : 1,
            `${timestamps ? `${time} ` : ''}${details ? ' ' : ''}${text}`,
          ])
          .filter(([, text]) => text !== '');
        const joined: string[] = [];
        wanted.forEach(([fd, text], at) => {
          if (wanted[at - 1]?.[0] === fd) joined.push(`${joined.pop() ?? ''}${text}`);
          else joined.push(`${fd}${text}`);
        });
        expect(read(some, { since, until, timestamps, details } as typeof ALL)).toEqual(joined);
      },
    ),
    { numRuns: 2000 },
  );
});

test('streams that take turns', () => {
  expect(read([line('a\n'), line('b\n', 'stderr'), line('c'), line('d\n')])).toEqual([
    '1a\n',
    '2b\n',
    '1cd\n',
  ]);
});

test('a text as long as its line and its time allow', () => {
  const long = 'x'.repeat(100_000);
  const how = { ...ALL, timestamps: true, details: true };
  expect(read([line(long), line(long)], how)).toEqual([`1${TIME}  ${long}${TIME}  ${long}`]);
});

test('two that are read in turns do not share their room', () => {
  const [one, other] = ['one', 'other'].map((text) => new LogTexts(ALL).of(Buffer.from(`${line(text)}\n`)));
  const first = one?.next().value;
  other?.next();
  expect(first && Buffer.from(first.bytes).toString()).toBe('one');
});
