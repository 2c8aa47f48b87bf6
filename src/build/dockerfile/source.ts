// A Dockerfile's text, and places in it. Everything later points back here, so that an error can show what it means.

/** `line` counts from 1, `column` from 0, in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** `end` is where the next character stands. */
export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export interface Source {
  /** As the person named it: `Dockerfile`, `-`. */
  readonly name: string;
  /** Without a byte order mark. */
  readonly text: string;
  /** Where each line begins. */
  readonly starts: readonly number[];
}

export function readSource(name: string, text: string): Source {
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const starts = [0];
  for (let at = plain.indexOf('\n'); at >= 0; at = plain.indexOf('\n', at + 1)) starts.push(at + 1);
  return { name, text: plain, starts };
}

export function positionAt({ starts }: Source, offset: number): Position {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) };
}

export const rangeAt = (source: Source, start: number, end: number): Range => ({
  start: positionAt(source, start),
  end: positionAt(source, end),
});

const offsetOf = ({ starts }: Source, { line, column }: Position): number => (starts[line - 1] ?? 0) + column;

/** What a range spans, line ends and all. */
export const sliceOf = (source: Source, { start, end }: Range): string =>
  source.text.slice(offsetOf(source, start), offsetOf(source, end));

/** A line by its number, without its end. */
export function lineText({ text, starts }: Source, line: number): string {
  const start = starts[line - 1] ?? text.length;
  return text.slice(start, starts[line] ?? text.length).replace(/\r?\n$/, '');
}
