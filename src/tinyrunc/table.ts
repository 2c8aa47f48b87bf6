import { visible } from '../store/text.ts';

/** Least width of a column and the blanks after the widest cell, as runc gives Go's text/tabwriter. */
const MIN_WIDTH = 12;
const PADDING = 3;

/** Columns aligned as runc's `list` aligns them; the last one is not padded. */
export function table(given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map(visible));
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(MIN_WIDTH, ...rows.map((row) => (row[column]?.length ?? 0) + PADDING)),
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('');
  return rows.map((row) => `${line(row)}\n`).join('');
}
