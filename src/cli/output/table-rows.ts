import { table } from './table.ts';
import { compileTemplate } from './template.ts';

/** A listing as Docker's commands print it. */
export interface Listing {
  /** Docker's names of the members, since scripts read them. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Column heads of the members for `table` templates. */
  readonly headers: Readonly<Record<string, string>>;
  /** What `--format table` and no --format show: members in order. */
  readonly columns: readonly string[];
  readonly format?: string | undefined;
}

/**
 * Rows by `--format`: nothing or `table` for the columns, `table TEMPLATE` for a table of one's own, `json` for an
 * object a line, else the template once per row. `\t` and `\n` may be written out, as shells pass them.
 * @throws TinyrunError TEMPLATE
 */
export function formatRows({ rows, headers, columns, format }: Listing): string {
  if (format === undefined || format === 'table') {
    const lines = rows.map((row) => columns.map((name) => String(row[name])));
    return table([columns.map((name) => headers[name] ?? name.toUpperCase()), ...lines]);
  }
  if (format === 'json') return rows.map((row) => `${JSON.stringify(sorted(row))}\n`).join('');
  const unescaped = format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
  if (!unescaped.startsWith('table ')) return each(unescaped, rows);
  const template = compileTemplate(unescaped.slice('table '.length).trim());
  return table([headers, ...rows].map((row) => template(row).split('\t')));
}

function each(format: string, rows: readonly Readonly<Record<string, unknown>>[]): string {
  const template = compileTemplate(format);
  return rows.map((row) => `${template(sorted(row))}\n`).join('');
}

/** Go marshals maps by key. */
const sorted = (row: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
