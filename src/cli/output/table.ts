import { visible, wrap } from '../../store/text.ts';

/** Docker's tabwriter makes no column narrower, its three spaces included. */
const MIN_COLUMN = 10;
const GAP = 3;
/** Below this a column holds no word. */
const NARROWEST = 6;

/**
 * Columns as Docker prints them: left-aligned, three spaces apart, no trailing blanks. For people: made visible, and
 * where they are wider than `width`, what a terminal has, the widest are folded.
 */
export function table(given: readonly (readonly string[])[], width = Number.POSITIVE_INFINITY): string {
  const rows = given.map((row) => row.map(visible));
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  const last = widths.length - 1;
  const columns = widths.map((each, i) => (i === last ? each : Math.max(MIN_COLUMN, each + GAP)));
  if (sum(columns) <= width) return rows.map((row) => `${line(row, columns)}\n`).join('');
  const folded = fold(widths, width);
  return rows.map((row) => foldedRow(row, folded)).join('');
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const line = (row: readonly string[], columns: readonly number[]): string =>
  row
    .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(columns[i] ?? 0)))
    .join('')
    .trimEnd();

/** Takes from the widest until all fit, two spaces apart. */
function fold(natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  const room = width - 2 * (widths.length - 1);
  while (sum(widths) > room) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    widths[widths.lastIndexOf(widest)] = widest - 1;
  }
  return widths;
}

function foldedRow(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, i) => wrap(cell, widths[i] ?? NARROWEST));
  const height = Math.max(1, ...cells.map((lines) => lines.length));
  const lines = Array.from({ length: height }, (_, at) =>
    cells
      .map((cell, i) => (cell[at] ?? '').padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return lines.map((text) => `${text}\n`).join('');
}
