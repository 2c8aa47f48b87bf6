// File names are bytes; nearly all are UTF-8, and strings everywhere else in the program. A byte that is not part of
// UTF-8 becomes a lone surrogate, U+DC80 to U+DCFF, as Python's file names have it (PEP 383): such a string is a key,
// compares and goes through JSON like any other, and the addon makes the same bytes of it again.

const ESCAPED = /[\udc80-\udcff]/u;

/** The bytes of a field, each as a character, as a name. */
export const nameOfLatin1 = (latin1: string): string =>
  /[\x80-\xff]/.test(latin1) ? decodeName(Buffer.from(latin1, 'latin1')) : latin1;

export function decodeName(bytes: Buffer): string {
  const name = bytes.toString('utf8');
  return name.includes('\ufffd') && !Buffer.from(name).equals(bytes) ? escaped(bytes) : name;
}

function escaped(bytes: Buffer): string {
  let name = '';
  for (let at = 0; at < bytes.length; ) {
    const character = bytes.subarray(at, at + sequenceLength(bytes[at] ?? 0));
    const text = character.toString('utf8');
    const whole = Buffer.from(text).equals(character);
    name += whole ? text : String.fromCharCode(0xdc00 | (bytes[at] ?? 0));
    at += whole ? character.length : 1;
  }
  return name;
}

/** Of the UTF-8 sequence that a byte begins. */
function sequenceLength(first: number): number {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

export function encodeName(name: string): Buffer {
  if (isText(name)) return Buffer.from(name);
  const parts = [...name].map((character) =>
    isText(character) ? Buffer.from(character) : Buffer.of((character.codePointAt(0) ?? 0) & 0xff),
  );
  return Buffer.concat(parts);
}

/** Whether a name is UTF-8 on disk. */
export const isText = (name: string): boolean => !ESCAPED.test(name);
