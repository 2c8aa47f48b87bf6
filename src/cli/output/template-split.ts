import { dict } from '../../store/dict.ts';
import { refuse } from './template-lex.ts';

/** A piece of a template, and the line that it starts on. */
export interface Token {
  readonly kind: 'text' | 'action';
  readonly text: string;
  readonly line: number;
}

/** Text and actions by turns; `{{-` and `-}}` trim the text beside them, comments vanish. `reading` is told the line. */
export function split(text: string, reading: { line: number }): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let trim = false;
  for (let open = text.indexOf('{{'); open >= 0; open = text.indexOf('{{', at)) {
    const line = reading.line;
    reading.line += lineEnds(text.slice(at, open));
    const close = endOfAction(text, open + 2);
    const before = /^\{\{-\s/.test(text.slice(open, open + 4));
    const after = /\s-$/.test(text.slice(open, close));
    tokens.push({ kind: 'text', text: trimmed(text.slice(at, open), trim, before), line });
    const action = text.slice(open + (before ? 3 : 2), close - (after ? 1 : 0)).trim();
    if (!/^\/\*[\s\S]*\*\/$/.test(action)) tokens.push({ kind: 'action', text: action, line: reading.line });
    at = close + 2;
    reading.line += lineEnds(text.slice(open, at));
    trim = after;
  }
  tokens.push({ kind: 'text', text: trimmed(text.slice(at), trim, false), line: reading.line });
  return tokens.filter((token) => token.kind === 'action' || token.text !== '');
}

const lineEnds = (text: string): number => text.split('\n').length - 1;

const trimmed = (text: string, start: boolean, end: boolean): string => {
  const left = start ? text.trimStart() : text;
  return end ? left.trimEnd() : left;
};

/** Where the action's `}}` stands, outside of strings. */
function endOfAction(text: string, from: number): number {
  const comment = /^-?\s*\/\*/.exec(text.slice(from));
  if (comment) {
    const end = /\*\/(?:\s+-)?\}\}/.exec(text.slice(from));
    if (end) return from + end.index + end[0].length - 2;
    return refuse(text.includes('*/', from) ? 'comment ends before closing delimiter' : 'unclosed comment');
  }
  let quote = '';
  for (let i = from; i < text.length; i++) {
    const char = text[i] ?? '';
    if (quote !== '') {
      if (char === '\\' && quote !== '`') i++;
      else if (char === '\n' && quote !== '`') return refuse(UNTERMINATED[quote] ?? '');
      else if (char === quote) quote = '';
    } else if (char in UNTERMINATED) quote = char;
    else if (text.startsWith('}}', i)) return i;
  }
  return refuse(UNTERMINATED[quote] ?? 'unclosed action');
}

const UNTERMINATED: Readonly<Record<string, string>> = dict({
  '"': 'unterminated quoted string',
  "'": 'unterminated character constant',
  '`': 'unterminated raw quoted string',
});
