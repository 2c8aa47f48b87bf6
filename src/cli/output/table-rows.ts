import { screenWidth } from './screen.ts';
import { table } from './table.ts';
import { compileTemplate } from './template.ts';
import { HEADER_FUNCTIONS } from './template-functions.ts';
import { Heads, marshal, Row } from './template-values.ts';

/** A listing as Docker's commands print it. */
export interface Listing {
  /** Column heads of the members for `table` templates; of those that take arguments, what answers the head. */
  readonly headers: Readonly<Record<string, string | ((argument: string) => string)>>;
  /** What `--format table` and no --format show: members in order. */
  readonly columns: readonly string[];
  readonly format?: string | undefined;
  /** Of the terminal that shows it; without one nothing is folded. */
  readonly width?: number | undefined;
}

/** Members under Docker's names, since scripts read them. */
export type Rows = readonly Readonly<Record<string, unknown>>[];

/**
 * Prints rows by `--format`: nothing or `table` for the columns, `table TEMPLATE` for a table of one's own, `json` for an
 * object a line, else the template once per row. `\t` and `\n` may be written out, as shells pass them. Asked for before
 * the rows are: what does not parse is refused however many there are.
 * @throws TinyrunError TEMPLATE_SYNTAX; what it answers throws TEMPLATE
 */
export function listing({
  headers,
  columns,
  format,
  width = screenWidth(),
}: Listing): (rows: Rows) => string {
  if (!format || format === 'table') {
    const heads = columns.map((name) => String(headers[name] ?? name.toUpperCase()));
    return (rows) => table([heads, ...rows.map((row) => columns.map((name) => String(row[name])))], width);
  }
  if (format === 'json') return (rows) => rows.map((row) => `${marshal(new Row(row))}\n`).join('');
  const { isTable, text } = readFormat(format);
  const template = compileTemplate(text);
  if (!isTable) return (rows) => rows.map((row) => `${template(new Row(row))}\n`).join('');
  const lines = (rows: Rows) => rows.flatMap((row) => template(new Row(inCells(row))).split('\n'));
  const heads = compileTemplate(text, HEADER_FUNCTIONS);
  return (rows) =>
    table(
      [heads(new Heads(headers)), ...lines(rows)].map((line) => line.split('\t')),
      width,
    );
}

const inCells = (row: Rows[number]) =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, inCell(value)]));

/** What a value holds makes no rows and columns: those are the template's. */
function inCell(value: unknown): unknown {
  if (typeof value === 'function') return (given: unknown) => inCell(value(given));
  if (typeof value !== 'string') return value;
  return value.replaceAll('\n', '\\x0a').replaceAll('\t', '\\x09');
}

/** The template of a `--format`, with or without `table` before it, and its written out tabs and line ends as such. */
export function readFormat(format: string): { isTable: boolean; text: string } {
  const text = format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
  const isTable = text.startsWith('table ');
  return { isTable, text: isTable ? text.slice('table '.length).trim() : text };
}
