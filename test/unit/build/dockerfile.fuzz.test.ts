import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Word } from '../../../src/build/dockerfile/instruction.ts';
import { parseDockerfile } from '../../../src/build/dockerfile/parse/parse.ts';
import { excerpt, pointed } from '../../../src/build/dockerfile/problem.ts';
import { type Range, type Source, sliceOf } from '../../../src/build/dockerfile/source.ts';

/** What stands in Dockerfiles, and what breaks them. */
const TOKENS = [
  ...'FROM RUN COPY ADD ENV ARG LABEL ONBUILD HEALTHCHECK SHELL CMD USER EXPOSE VOLUME from AS as'.split(' '),
  ...'--from=a --mount=type=cache,target=/x --platform=$P --link --chown --interval=1s -- --'.split(' '),
  ...[
    'a',
    'b=c',
    '/x',
    '[',
    ']',
    '["a", "b"]',
    '"',
    "'",
    '$',
    '${',
    '}',
    '${a:-',
    '=',
    ',',
    'é',
    '\u{1F433}',
  ],
  ...['<<EOF', "<<-'E'", 'EOF', 'E', '<<', '1<<A', '#', '# escape=`\n', '# check=skip=all\n', '\uFEFF'],
  ...[' ', '  ', '\t', '\n', '\n\n', '\r\n', '\\\n', '\\ \n', '\\', '`', '`\n', '\0', '\u2028', '\v'],
];
const dockerfile = fc
  .array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...TOKENS) }, fc.string({ maxLength: 5 })), {
    maxLength: 60,
  })
  .map((parts) => parts.join(''))
  .chain((text) => fc.constantFrom(text, `FROM a\n${text}`, text.replaceAll(/(?<=\S)(?=[A-Z])/g, ' ')));

/** All ranges and words of what was parsed. */
function* placesIn(thing: unknown): Generator<Word | { range: Range }> {
  if (typeof thing !== 'object' || thing === null) return;
  if ('range' in thing) yield thing as Word;
  for (const [key, value] of Object.entries(thing)) if (key !== 'source') yield* placesIn(value);
}

const isBefore = (a: Range['start'], b: Range['start']) =>
  a.line < b.line || (a.line === b.line && a.column <= b.column);

function checkPlaces(source: Source, thing: unknown): void {
  for (const place of placesIn(thing)) {
    const { range } = place;
    if (!isBefore(range.start, range.end)) throw new Error(`ends before it starts: ${JSON.stringify(place)}`);
    if (range.end.line > source.starts.length) throw new Error(`behind the end: ${JSON.stringify(place)}`);
    const slice = sliceOf(source, range);
    const isWord = 'text' in place && !('json' in place) && !('name' in place) && !('form' in place);
    // what a continuation cuts has the break in its place
    if (
      isWord &&
      'value' in place === false &&
      !/[\\`]\s*\n/.test(slice) &&
      slice !== place.text &&
      place.text !== 'true'
    )
      throw new Error(`${JSON.stringify(slice)} is not ${JSON.stringify(place.text)}`);
  }
}

test('whatever stands in a file, problems are all that comes of it, and ranges name the text they say', () => {
  fc.assert(
    fc.property(dockerfile, (text) => {
      const { source, stages, globals, problems } = parseDockerfile('Dockerfile', text);
      checkPlaces(source, { stages, globals, problems });
      for (const problem of problems)
        expect(pointed(source, problem) + excerpt(source, problem.range)).toContain(problem.message);
      expect(stages.length + problems.length).toBeGreaterThan(0);
    }),
    { numRuns: 4000 },
  );
});

/** Hostile files of a megabyte. */
const MEGABYTE = 2 ** 20;
const HOSTILE: Readonly<Record<string, string>> = {
  'one line': `FROM a\nRUN ${'x'.repeat(MEGABYTE)}`,
  'one keyword': 'x'.repeat(MEGABYTE),
  'white space': `FROM a\nRUN ${' '.repeat(MEGABYTE)}x`,
  'spaces and comments': `FROM a\nRUN x \\\n${'   #\n'.repeat(MEGABYTE / 5)}`,
  'a directive of spaces': `# check=${' '.repeat(MEGABYTE)}x`,
  'a directive of words': `# check=skip=${'a,'.repeat(MEGABYTE / 2)}`,
  continuations: `FROM a\nRUN ${'\\\n'.repeat(MEGABYTE / 2)}`,
  'continued words': `FROM a\nENV ${'a=b \\\n'.repeat(MEGABYTE / 6)}`,
  instructions: `FROM a\n${'RUN x\n'.repeat(MEGABYTE / 6)}`,
  'unknown instructions': `FROM a\n${'RNU x\n'.repeat(MEGABYTE / 6)}`,
  stages: 'FROM a\n'.repeat(MEGABYTE / 7),
  'flags that are none': `FROM a\nCOPY ${'--a '.repeat(MEGABYTE / 4)}`,
  'flags many times': `FROM a\nRUN ${'--mount=target=/a '.repeat(MEGABYTE / 18)} x`,
  'a mount of commas': `FROM a\nRUN --mount=${','.repeat(MEGABYTE)} x`,
  'open brackets': `FROM a\nCMD ${'['.repeat(MEGABYTE)}`,
  'a list of strings': `FROM a\nCMD [${'"",'.repeat(MEGABYTE / 3)}""]`,
  'open quotes': `FROM a\nENV ${'a="'.repeat(MEGABYTE / 3)}`,
  'heredocs in one line': `FROM a\nRUN ${'<<a '.repeat(MEGABYTE / 4)}\n`,
  'heredocs that never end': `FROM a\n${'RUN <<a\n'.repeat(MEGABYTE / 8)}`,
  onbuild: `FROM a\nONBUILD ${'ONBUILD '.repeat(MEGABYTE / 8)}`,
  'a duration of digits': `FROM a\nHEALTHCHECK --interval=${'1'.repeat(MEGABYTE)} CMD x`,
};

/** A line of them takes this long each, on a machine that is busy; what is quadratic takes hours. */
const PATIENCE_MS = 30_000;

describe('a megabyte of', () => {
  test.each(Object.entries(HOSTILE))('%s is read in time that grows with it', (_, text) => {
    const start = performance.now();
    const { source, problems } = parseDockerfile('Dockerfile', text);
    const shown = problems
      .slice(0, 10)
      .map((problem) => pointed(source, problem) + excerpt(source, problem.range));
    expect(performance.now() - start).toBeLessThan(PATIENCE_MS);
    expect(shown.join('').length).toBeLessThan(100_000);
  });
});
