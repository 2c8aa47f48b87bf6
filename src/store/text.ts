// What comes from images, archives, registries and configs, on its way to people. A terminal obeys control characters:
// it retitles windows, writes to the clipboard (OSC 52), hides text, and answers as if the user had typed.

/**
 * Controls but tab and line end (C0, DEL, C1), and what turns the direction of writing round. V8 compiles \p{Cc} for 0.3 ms
 * at each start.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /\r(?!\n)|[\0-\x08\v\f\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;
const FIRST_OF_TWO_BYTES = 0x100;

/** Text as a person may see it: what a terminal would obey is spelt out, as in `\x1b`. */
export function visible(text: string): string {
  return text.replace(CONTROLS, (sign) => {
    const code = sign.charCodeAt(0);
    const digits = code.toString(16);
    return code < FIRST_OF_TWO_BYTES ? `\\x${digits.padStart(2, '0')}` : `\\u${digits}`;
  });
}

/** DEL and C1 go through JSON.stringify as they are; escaped they mean the same to whoever parses them. */
export function escapeJson(json: string): string {
  return json.replace(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (sign) => {
    return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** A value as JSON that is safe on a terminal. */
export const toJson = (value: unknown, indent?: number | string): string =>
  escapeJson(JSON.stringify(value, undefined, indent));

/** Blanks behind the widest cell. */
const GAP = 3;

/** Lines of cells side by side, no column but the last narrower than `least`: as docker and runc set text/tabwriter up. */
export function columns(rows: readonly (readonly string[])[], least: number): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? least, cell.length + GAP);
    });
  const pad = (cell: string, i: number, { length }: readonly string[]) =>
    i === length - 1 ? cell : cell.padEnd(widths[i] ?? 0);
  return rows.map((row) =>
    row
      .map((cell, i) => pad(cell, i, row))
      .join('')
      .trimEnd(),
  );
}

/** Breaks at spaces and after the | of flags; what is longer than a line is cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const token of text.match(/[^\s|]*\||[^\s|]+|\s+/g) ?? []) {
    let rest = token;
    if (line.length + rest.trimEnd().length > width) {
      if (line !== '') lines.push(line.trimEnd());
      line = '';
      rest = rest.trimStart();
    }
    for (; rest.length > width; rest = rest.slice(width)) lines.push(rest.slice(0, width));
    line += rest;
  }
  return [...lines, line].filter((each, index) => each !== '' || index === 0);
}
