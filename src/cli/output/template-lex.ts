import { dict } from '../../store/dict.ts';

// What stands between {{ and }}, word by word.

/** Why a template does not parse; the parser adds where. */
export class Refusal extends Error {}

export function refuse(message: string): never {
  throw new Refusal(message);
}

const LEXEME =
  /\s*(?:("(?:[^"\\\n]|\\.)*"|`[^`]*`)|([-+]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)|'(?:[^'\\\n]|\\(?:x[\da-f]{2}|u[\da-f]{4}|[0-7]{3}|.))[^']?')|(\$\w*)|((?:\.[A-Za-z_]\w*)+)|(\.)|([A-Za-z_]\w*)|(:=|=|\||\(|\)|,))/y;

export interface Lexeme {
  readonly text: string;
  /** Spaces stood in front of it: `$x .Y` is two operands, `$x.Y` is one. */
  readonly apart: boolean;
  readonly kind: 'string' | 'number' | 'variable' | 'fields' | 'dot' | 'word' | 'sign';
}

const KINDS = ['string', 'number', 'variable', 'fields', 'dot', 'word', 'sign'] as const;

export function lex(text: string): Lexeme[] {
  const lexemes: Lexeme[] = [];
  for (LEXEME.lastIndex = 0; text.slice(LEXEME.lastIndex).trim() !== ''; ) {
    const from = LEXEME.lastIndex;
    const match = LEXEME.exec(text);
    if (!match)
      return refuse(`unexpected ${JSON.stringify(text.slice(from).trim().slice(0, 20))} in command`);
    const found = match.slice(1).findIndex((group) => group !== undefined);
    lexemes.push({ text: match[0].trim(), apart: /^\s/.test(match[0]), kind: KINDS[found] ?? 'sign' });
  }
  return lexemes;
}

/** `"a\tb"` and `` `raw` ``. */
export function unquote(text: string): string {
  return text.startsWith('`') ? text.slice(1, -1) : unescaped(text.slice(1, -1));
}

const unescaped = (text: string): string =>
  text.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))/gs,
    (_, x, u, long, octal, one) => {
      if (one !== undefined) return ESCAPES[one] ?? refuse('invalid syntax');
      const code = octal === undefined ? Number.parseInt(x ?? u ?? long, 16) : Number.parseInt(octal, 8);
      return code <= 0x10ffff ? String.fromCodePoint(code) : refuse('invalid syntax');
    },
  );

const ESCAPES: Readonly<Record<string, string>> = dict({
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  t: '\t',
  r: '\r',
  v: '\v',
  '"': '"',
  "'": "'",
  '\\': '\\',
});

/** `42`, `-1.5e3`, `0x1f`, `017`, `1_000`, and `'a'`, which is its code. */
export function numberOf(text: string): number {
  if (text.startsWith("'")) {
    const characters = [...unescaped(text.slice(1, -1))];
    return characters.length === 1
      ? (characters[0]?.codePointAt(0) ?? 0)
      : refuse(`malformed character constant: ${text}`);
  }
  const [, sign = '', digits = ''] = /^([-+]?)(.*)$/.exec(text.replaceAll('_', '')) ?? [];
  const octal = /^0\d+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const value = Number(octal);
  if (Number.isNaN(value)) refuse(`bad number syntax: ${text}`);
  return sign === '-' ? -value : value;
}
