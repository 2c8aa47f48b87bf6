/**
 * The fields of one line of CSV (RFC 4180), as Go's encoding/csv reads them: a field that starts with a quote ends with
 * one and may hold commas, a quote inside of it is doubled; in other fields there are none.
 * @throws Error in Go's words
 */
export function csvFields(line: string): string[] {
  if (line === '') throw new Error('EOF');
  const fields: string[] = [];
  for (let at = 0; ; ) {
    const { field, end } = line[at] === '"' ? quoted(line, at) : plain(line, at);
    fields.push(field);
    if (end >= line.length) return fields;
    at = end + 1;
  }
}

interface Field {
  readonly field: string;
  /** Of the comma behind it, or of the line. */
  readonly end: number;
}

function plain(line: string, at: number): Field {
  const comma = line.indexOf(',', at);
  const end = comma < 0 ? line.length : comma;
  const field = line.slice(at, end);
  const quote = field.indexOf('"');
  if (quote >= 0) throw problem(at + quote, 'bare " in non-quoted-field');
  if (/[\r\n]/.test(field)) throw new Error('more than one line');
  return { field, end };
}

function quoted(line: string, at: number): Field {
  for (let i = at + 1; ; i += 2) {
    const quote = line.indexOf('"', i);
    if (quote < 0) throw problem(line.length, 'extraneous or missing " in quoted-field');
    if (line[quote + 1] !== '"') {
      const end = quote + 1;
      if (end < line.length && line[end] !== ',')
        throw problem(quote, 'extraneous or missing " in quoted-field');
      return { field: line.slice(at + 1, quote).replaceAll('""', '"'), end };
    }
    i = quote;
  }
}

const problem = (index: number, what: string): Error =>
  new Error(`parse error on line 1, column ${index + 1}: ${what}`);
