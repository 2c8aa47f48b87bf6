import { describe, expect, test } from 'vitest';
import { type Listing, listing, type Rows } from '../../../src/cli/output/table-rows.ts';
import { compileTemplate } from '../../../src/cli/output/template.ts';

const data = {
  Id: 'sha256:abc',
  Names: ['one', 'two'],
  Size: 1536,
  Config: { Env: ['A=1'], Labels: { 'com.example': 'x', b: 'y' } },
  Nothing: null,
  Empty: [],
  Ready: true,
};
const run = (text: string) => compileTemplate(text)(data);

/** Template and what Go 1.22's text/template prints for it, with Docker's functions. */
const CASES: [string, string][] = [
  ['plain', 'plain'],
  ['{{.Id}}', 'sha256:abc'],
  ['{{ .Config.Env }}', '[A=1]'],
  ['{{json .Names}}', '["one","two"]'],
  ['{{.Names | json}}', '["one","two"]'],
  ['{{join .Names ", "}}', 'one, two'],
  ['{{upper .Id}} {{lower "ABC"}} {{title "a word"}}', 'SHA256:ABC abc A Word'],
  ['{{range .Names}}<{{.}}>{{end}}', '<one><two>'],
  ['{{range $i, $n := .Names}}{{$i}}={{$n}};{{end}}', '0=one;1=two;'],
  ['{{range $k, $v := .Config.Labels}}{{$k}}:{{$v}} {{end}}', 'b:y com.example:x '],
  ['{{range .Empty}}x{{else}}none{{end}}', 'none'],
  ['{{if .Ready}}yes{{else}}no{{end}}', 'yes'],
  ['{{if eq .Size 1}}a{{else if gt .Size 1000}}b{{else}}c{{end}}', 'b'],
  ['{{if and .Ready (not .Empty)}}both{{end}}', 'both'],
  ['{{or .Nothing "fallback"}}', 'fallback'],
  ['{{with .Config}}{{.Env}}{{$.Id}}{{end}}', '[A=1]sha256:abc'],
  ['{{len .Names}} {{index .Names 1}} {{index .Config.Labels "b"}}', '2 two y'],
  ['{{printf "%-6s|%5d|%q|%v|%%" "ab" 42 "x" .Names}}', 'ab    |   42|"x"|[one two]|%'],
  ['{{printf "%.2f" 1.005}} {{printf "%05d" 42}} {{printf "%x" "hi"}}', '1.00 00042 6869'],
  ['{{$x := .Id}}{{$x}}{{$x = "b"}}{{$x}}', 'sha256:abcb'],
  ['{{(index .Names 0) | printf "%s!"}}', 'one!'],
  ['a {{- " b " -}} c', 'a b c'],
  ['a{{/* nothing */}}b', 'ab'],
  ['{{"a}}b"}}{{`raw "x"`}}', 'a}}braw "x"'],
  ['{{.Config.Labels.missing}}', '<no value>'],
  ['{{.Nothing}}', '<nil>'],
  ['{{println "a" 1}}', 'a 1\n'],
  ['{{split "a,b" "," | len}}', '2'],
  ['{{range .Names}}{{if eq . "two"}}{{break}}{{end}}{{.}}{{end}}', 'one'],
  ['{{.Config.Labels}}', 'map[b:y com.example:x]'],
  ['{{truncate "abcdef" 3}}{{pad "x" 1 2}}|', 'abc x  |'],
  ['{{slice "abcdef" 1 3}}', 'bc'],
];

test.each(CASES)('%s', (text, expected) => {
  expect(run(text)).toBe(expected);
});

test.each([
  ['{{.Foo}}', 'no field Foo'],
  ['{{.Id.Foo}}', "can't evaluate field Foo"],
  ['{{foo .Id}}', 'function "foo" not defined'],
  ['{{if .Id}}', 'unexpected EOF'],
  ['{{end}}', 'unexpected {{end}}'],
  ['{{.Id', 'unclosed action'],
  ['{{(.Id}}', 'unclosed left paren'],
  ['{{ @ }}', 'unexpected "@"'],
  ['{{$y}}', 'undefined variable "$y"'],
  ['{{lt 1 "a"}}', 'incompatible types'],
])('%s is refused', (text, message) => {
  expect(() => run(text)).toThrow(message);
});

describe('rows', () => {
  const ROWS = [
    { ID: 'abc', Name: 'one' },
    { ID: 'def', Name: 'a longer name' },
  ];
  const LISTING = {
    headers: { ID: 'IMAGE ID', Name: 'NAME' },
    columns: ['ID', 'Name'],
  };
  const formatRows = ({ rows = ROWS, ...rest }: Partial<Listing> & { rows?: Rows }) =>
    listing({ ...LISTING, ...rest })(rows);

  test('columns as docker aligns them', () => {
    expect(formatRows({})).toBe('IMAGE ID   NAME\nabc        one\ndef        a longer name\n');
  });

  test('a table of one’s own, with written out tabs', () => {
    const format = 'table {{.Name}}\\t{{upper .ID}}';
    expect(formatRows({ format })).toBe(
      'NAME            IMAGE ID\none             ABC\na longer name   DEF\n',
    );
  });

  test('json and plain templates', () => {
    expect(formatRows({ format: 'json' })).toBe(
      '{"ID":"abc","Name":"one"}\n{"ID":"def","Name":"a longer name"}\n',
    );
    expect(formatRows({ format: '{{.ID}}' })).toBe('abc\ndef\n');
  });

  test('json of a row is escaped as Go’s, json of its members and of other values is not', () => {
    const rows = [{ Tag: '<none>', Name: 'a & b' }];
    const escaped = '{"Name":"a \\u0026 b","Tag":"\\u003cnone\\u003e"}\n';
    expect(formatRows({ rows, format: 'json' })).toBe(escaped);
    expect(formatRows({ rows, format: '{{json .}}' })).toBe(escaped);
    expect(formatRows({ rows, format: '{{json .Tag}}' })).toBe('"<none>"\n');
    expect(compileTemplate('{{json .}}')({ Tag: '<none>' })).toBe('{"Tag":"<none>"}');
  });
});
