// How the text behind a keyword falls into words. Nothing is expanded: quotes and escapes are known, and stay.

/** A word's place in a text, `end` behind it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const isSpace = (c: string | undefined): boolean => c !== undefined && /\s/.test(c);

/** Words between white space, as COPY, EXPOSE and FROM have them. */
export function plainWords(text: string, from = 0): Span[] {
  return [...text.slice(from).matchAll(/\S+/g)].map(({ index, 0: word }) => ({
    start: from + index,
    end: from + index + word.length,
  }));
}

/** Words as ENV, LABEL and ARG have them: white space in quotes, or behind an escape, is part of one. */
export function quotedWords(text: string, esc: string, from = 0): Span[] {
  const words: Span[] = [];
  for (let at = from; at < text.length; ) {
    while (isSpace(text[at])) at++;
    if (at >= text.length) break;
    const start = at;
    at = endOfWord(text, esc, at);
    words.push({ start, end: at });
  }
  return words;
}

/** Where the word that begins at `at` ends; a quote that is never closed goes on to the end. */
export function endOfWord(text: string, esc: string, from: number): number {
  let quote = '';
  let at = from;
  for (; at < text.length; at++) {
    const c = text[at] ?? '';
    if (quote === '' && isSpace(c)) break;
    if (c === esc && quote !== "'") at++;
    else if (c === quote) quote = '';
    else if (quote === '' && (c === '"' || c === "'")) quote = c;
  }
  return Math.min(at, text.length);
}

/** A flag without its quotes and escapes. */
export function unquoted(text: string, esc: string): string {
  let quote = '';
  let result = '';
  for (let at = 0; at < text.length; at++) {
    const c = text[at] ?? '';
    if (c === esc && quote !== "'" && at + 1 < text.length) result += text[++at];
    else if (c === quote) quote = '';
    else if (quote === '' && (c === '"' || c === "'")) quote = c;
    else result += c;
  }
  return result;
}

/** Flags at the front: `--name` or `--name=value` each; `--` alone ends them. Where the rest begins is `end`. */
export function leadingFlags(text: string, esc: string): { flags: Span[]; end: number } {
  const flags: Span[] = [];
  let at = 0;
  for (;;) {
    while (isSpace(text[at])) at++;
    if (!text.startsWith('--', at)) return { flags, end: at };
    const start = at;
    at = endOfWord(text, esc, at);
    if (at - start === 2) {
      while (isSpace(text[at])) at++;
      return { flags, end: at };
    }
    flags.push({ start, end: at });
  }
}

/** The JSON form: an array of strings and nothing else; undefined where it is none, which makes it the shell form. */
export function jsonWords(text: string, from = 0): { value: string; span: Span }[] | undefined {
  const body = text.slice(from);
  if (!body.trimStart().startsWith('[')) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    // not JSON: as Docker has it, `RUN [ -f x ] && y` is for the shell
    return undefined;
  }
  if (!Array.isArray(parsed) || !parsed.every((one) => typeof one === 'string')) return undefined;
  const spans = [...body.matchAll(/"(?:[^"\\]|\\.)*"/g)];
  return parsed.map((value, index) => {
    const found = spans[index];
    const start = from + (found?.index ?? 0);
    return { value, span: { start, end: start + (found?.[0].length ?? 0) } };
  });
}
