import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { exitCodeOf, toFailure } from '../../../src/cli/fail.ts';
import { compileTemplate } from '../../../src/cli/output/template.ts';

/**
 * Template and what `docker inspect --format` (28.2) says of it without asking any daemon, line first; null where it
 * parses.
 */
const TABLE: [string, string | null][] = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'templates-bad.json'), 'utf8'),
);

const said = (template: string): unknown => {
  try {
    compileTemplate(template);
    return null;
  } catch (error) {
    return error;
  }
};

test.each(TABLE)('%j', (template, words) => {
  const error = said(template);
  if (words === null) expect(error).toBeNull();
  else
    expect(error).toMatchObject({
      code: 'TEMPLATE_SYNTAX',
      message: `template parsing error: template: ${words}`,
    });
});

test('the table has both kinds', () => {
  expect(TABLE.filter(([, words]) => words !== null).length).toBeGreaterThan(50);
  expect(TABLE.filter(([, words]) => words === null).length).toBeGreaterThan(15);
});

test('variables are those of the block: what another template or a loop around it has is none of them', () => {
  expect(said('{{range $x := .}}{{block "a" .}}{{$x}}{{end}}{{end}}')).toMatchObject({
    message: 'template parsing error: template: :1: undefined variable "$x"',
  });
  expect(said('{{range .}}\n{{block "a" .}}\n{{break}}{{end}}{{end}}')).toMatchObject({
    message: 'template parsing error: template: :3: {{break}} outside {{range}}',
  });
  expect(compileTemplate('{{$x := 1}}{{if .}}{{$x = 2}}{{$y := 3}}{{$x}}{{$y}}{{end}}{{$x}}')(1)).toBe('232');
});

test.each([
  ['inspect', 'tinyrun inspect', 64],
  ['image', 'tinyrun image inspect', 64],
  ['ps', 'tinyrun ps', 1],
  ['image', 'tinyrun image ls', 1],
])('%s of %j ends with %i, as docker’s', (verb, command, code) => {
  expect(exitCodeOf(toFailure(said('{{unknown}}')), verb, command)).toBe(code);
});
