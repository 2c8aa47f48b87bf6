import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Instruction, Stage } from '../../../src/build/dockerfile/instruction.ts';
import { type Dockerfile, parseDockerfile } from '../../../src/build/dockerfile/parse/parse.ts';
import { pointed } from '../../../src/build/dockerfile/problem.ts';
import { type Range, sliceOf } from '../../../src/build/dockerfile/source.ts';

// Each NAME.Dockerfile beside what it parses to: every range is shown as the text that it names. `vitest -u` writes them anew.

const CASES = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.Dockerfile'))
  .sort();

function shown(file: Dockerfile): string {
  const value = (key: string, given: unknown): unknown => {
    if (key === 'range') return sliceOf(file.source, given as Range);
    if (given instanceof Map) return Object.fromEntries(given);
    return key === 'line' ? undefined : given;
  };
  const text = (thing: unknown) => JSON.stringify(thing, value, 1).replaceAll(/\n\s*/g, ' ');
  const each = (one: Instruction) => `  ${text({ ...one, at: one.range.start.line })}\n`;
  const stage = ({ body, ...head }: Stage) =>
    `${text({ ...head, comment: head.line.comment })}\n${body.map(each).join('')}`;
  const { lines: _, ...directives } = file.directives;
  return [
    `${text(directives)}\n`,
    ...file.globals.map(each),
    ...file.stages.map(stage),
    ...file.problems.map((problem) => `${problem.severity}: ${pointed(file.source, problem)}`),
  ].join('');
}

test.each(CASES)('%s', async (name) => {
  const file = parseDockerfile('Dockerfile', readFileSync(path.join(import.meta.dirname, name), 'utf8'));
  await expect(shown(file)).toMatchFileSnapshot(`./${name.replace(/\.Dockerfile$/, '.txt')}`);
});

test('there are a hundred of them', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(100);
});
