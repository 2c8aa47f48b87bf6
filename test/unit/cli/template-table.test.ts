import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { listing } from '../../../src/cli/output/table-rows.ts';
import { compileTemplate } from '../../../src/cli/output/template.ts';
import { HEADERS } from '../../../src/views/containers.ts';

/**
 * Template and what `docker ps --format` prints (docker 28.2, Go 1.24) for the container below, null where it refuses;
 * test/integration/image/docker.test.ts asks the docker that is here for the same.
 */
const TABLE: [string, string | null][] = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'templates.json'), 'utf8'),
);

const LABELS: Readonly<Record<string, string>> = { a: 'b' };
const ROW = { Names: 'f1', Image: 'bb:1', Platform: null, Label: (name: string) => LABELS[name] ?? '' };
const show = (format: string, rows = [ROW]) =>
  listing({ headers: HEADERS, columns: ['Names'], format })(rows);

/** Numbers have one type here, so that these two are alike. */
const DIFFERENT = ['{{eq 1 1.0}}'];

test.each(TABLE.filter(([template]) => !DIFFERENT.includes(template)))('%s', (template, printed) => {
  if (printed === null)
    expect(() => show(template)).toThrow(/^template(?: parsing error: template: :\d+)?: /);
  else expect(show(template)).toBe(`${printed}\n`);
});

test('the table is as long as it was, and has refusals', () => {
  expect(TABLE.length).toBeGreaterThan(110);
  expect(TABLE.filter(([, printed]) => printed === null).length).toBeGreaterThan(30);
});

describe('heads of a table of one’s own', () => {
  test.each([
    ['table {{split .Names "/"}}', 'NAMES\n[f1]\n'],
    ['table {{join (split .Names "f") "-"}}', 'NAMES\n-1\n'],
    ['table {{upper .Names}}\t{{lower .Image}}', 'NAMES     IMAGE\nF1        bb:1\n'],
    ['table {{truncate .Names 1}}{{pad .Names 1 1}}', 'NAMESNAMES\nf f1\n'],
    ['table {{json .Names}}\\t{{title .Names}}', 'NAMES     NAMES\n"f1"      F1\n'],
    ['table {{.Label "a"}}\t{{.Label "com.example.some-label"}}', 'a         some label\nb\n'],
    ['table {{.Names | printf "%.3s"}}', 'NAM\nf1\n'],
    ['', 'NAMES\nf1\n'],
    ['table', 'NAMES\nf1\n'],
  ])('%j', (format, printed) => expect(show(format)).toBe(printed));
});

test('line ends and tabs are rows and columns where the template has them, not where a value does', () => {
  const hostile = { ...ROW, Names: 'a\nb\tc', Label: (_: string) => 'x\ny\tz' };
  const printed = show('table {{.Names}}\t{{.Label "a"}}\n{{.Image}}', [hostile]);
  expect(printed).toBe('NAMES         a\nIMAGE\na\\x0ab\\x09c   x\\x0ay\\x09z\nbb:1\n');
  expect(show('{{.Names}}', [hostile])).toBe('a\nb\tc\n');
});

test('methods are no members: json has none of them', () => {
  expect(show('json')).toBe('{"Image":"bb:1","Names":"f1","Platform":null}\n');
  expect(show('{{json .}}')).toBe('{"Image":"bb:1","Names":"f1","Platform":null}\n');
});

/** What `docker inspect -f` prints for the same. */
describe('members that are null', () => {
  const image = {
    RepoTags: ['a', 'b'],
    RepoDigests: null,
    Config: { Cmd: null, Labels: null, Volumes: null, OnBuild: null, Env: [] },
    State: { Health: null },
  };
  test.each([
    [
      '{{.Config.Cmd}}|{{.Config.Labels}}|{{.Config.Volumes}}|{{.Config.OnBuild}}|{{.RepoDigests}}',
      '[]|map[]|map[]|[]|[]',
    ],
    ['{{.Config.Labels.x}}|{{index .Config.Labels "x"}}|', '<no value>||'],
    [
      '{{len .Config.Cmd}}{{len .Config.Labels}}{{json .Config.Labels}}{{json .Config.Cmd}}{{json .Config.Env}}',
      '00nullnull[]',
    ],
    [
      '{{join .Config.Cmd ","}}|{{range .Config.Cmd}}x{{else}}none{{end}}{{if .Config.Labels}}y{{end}}',
      '|none',
    ],
    ['{{range $k, $v := .Config.Labels}}x{{else}}none{{end}}{{with .Config.Cmd}}y{{else}}n{{end}}', 'nonen'],
    ['{{.State.Health}}', '<nil>'],
    ['{{json .Config}}', '{"Cmd":null,"Labels":null,"Volumes":null,"OnBuild":null,"Env":[]}'],
  ])('%s', (template, printed) => expect(compileTemplate(template)(image)).toBe(printed));

  test('a string map that has no such key', () => {
    const data = { Config: { Labels: { a: 'b' } } };
    expect(compileTemplate('{{index .Config.Labels "zz"}}|{{.Config.Labels.zz}}')(data)).toBe('|<no value>');
  });
});

/** A template is given by whoever runs tinyrun, but may come from a config file of a project. */
describe('templates without an end', () => {
  test.each([
    ['{{define "x"}}{{template "x"}}{{end}}{{template "x"}}', 'more than 100 deep'],
    [
      '{{define "x"}}{{range 1000000}}{{printf "%500d" 1}}{{end}}{{end}}{{template "x"}}',
      'more than 100000000 characters',
    ],
  ])('%s', (template, message) => expect(() => compileTemplate(template)({})).toThrow(message));
});

test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
  '%s is no function, field or label',
  (name) => {
    expect(() => show(`{{${name} 1}}`)).toThrow('not defined');
    expect(() => show(`{{.${name}}}`)).toThrow('no field');
    expect(() => show(`{{template "${name}"}}`)).toThrow('not defined');
  },
);
