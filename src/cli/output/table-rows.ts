import { screenWidth } from './screen.ts';
import { table } from './table.ts';
import { compileTemplate } from './template.ts';
import { HEADER_FUNCTIONS } from './template-functions.ts';
import { marshal, Row } from './template-values.ts';

/** A listing as Docker's commands print it. */
export interface Listing {
  /** Docker's names of the members, since scripts read them. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Column heads of the members for `table` templates; of those that take arguments, what answers the head. */
  readonly headers: Readonly<Record<string, string | ((argument: string) => string)>>;
  /** What `--format table` and no --format show: members in order. */
  readonly columns: readonly string[];
  readonly format?: string | undefined;
  /** Of the terminal that shows it; without one nothing is folded. */
  readonly width?: number | undefined;
}

/**
 * Rows by `--format`: nothing or `table` for the columns, `table TEMPLATE` for a table of one's own, `json` for an
 * object a line, else the template once per row. `\t` and `\n` may be written out, as shells pass them.
 * @throws TinyrunError TEMPLATE
 */
export function formatRows({ rows, headers, columns, format, width = screenWidth() }: Listing): string {
  if (!format || format === 'table') {
    const lines = rows.map((row) => columns.map((name) => String(row[name])));
    return table([columns.map((name) => String(headers[name] ?? name.toUpperCase())), ...lines], width);
  }
  const values = rows.map((row) => new Row(row));
  if (format === 'json') return values.map((row) => `${marshal(row)}\n`).join('');
  const { isTable, text } = readFormat(format);
  const template = compileTemplate(text);
  if (!isTable) return values.map((row) => `${template(row)}\n`).join('');
  const heads = compileTemplate(text, HEADER_FUNCTIONS)(headers);
  return table(
    [heads, ...values.map(template)].map((line) => line.split('\t')),
    width,
  );
}

/** The template of a `--format`, with or without `table` before it, and its written out tabs and line ends as such. */
export function readFormat(format: string): { isTable: boolean; text: string } {
  const text = format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
  const isTable = text.startsWith('table ');
  return { isTable, text: isTable ? text.slice('table '.length).trim() : text };
}
