import { visible } from '../../store/text.ts';

/** Docker's tabwriter makes no column narrower, its three spaces included. */
const MIN_COLUMN = 10;

/** Columns as Docker prints them: left-aligned, three spaces apart, no trailing blanks. For people: made visible. */
export function table(given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map(visible));
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) =>
        i === row.length - 1 ? cell : cell.padEnd(Math.max(MIN_COLUMN, (widths[i] ?? 0) + 3)),
      )
      .join('')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}
