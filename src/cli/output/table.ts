import { columns, visible, wrap } from '../../store/text.ts';

/** Docker makes no column narrower, its blanks included. */
const MIN_COLUMN = 10;
/** Below this a column holds no word. */
const NARROWEST = 6;

/**
 * Columns as Docker prints them: left-aligned, three spaces apart, no trailing blanks. For people: made visible, and
 * where they are wider than `width`, what a terminal has, the widest are folded.
 */
export function table(given: readonly (readonly string[])[], width = Number.POSITIVE_INFINITY): string {
  const rows = given.map((row) => row.map(visible));
  const lines = columns(rows, MIN_COLUMN);
  const fits = lines.every((line) => line.length <= width);
  return (fits ? lines : foldedRows(rows, width)).map((line) => `${line}\n`).join('');
}

function foldedRows(rows: readonly (readonly string[])[], width: number): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  const folded = fold(widths, width);
  return rows.flatMap((row) => foldedRow(row, folded));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

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

function foldedRow(row: readonly string[], widths: readonly number[]): string[] {
  const cells = row.map((cell, i) => wrap(cell, widths[i] ?? NARROWEST));
  const height = Math.max(1, ...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, at) =>
    cells
      .map((cell, i) => (cell[at] ?? '').padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
