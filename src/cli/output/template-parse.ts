import { isFunction } from './template-functions.ts';
import { type Lexeme, lex, numberOf, unquote } from './template-lex.ts';
import { fail } from './template-values.ts';

/** A part of a template. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'block';
      readonly word: 'if' | 'with' | 'range';
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly kind: 'call'; readonly name: string; readonly pipeline: Pipeline | undefined }
  | { readonly kind: 'break' | 'continue' };

/** A template and those that it defines by name. */
export interface Parsed {
  readonly nodes: readonly Node[];
  readonly defined: ReadonlyMap<string, readonly Node[]>;
}

/** Commands joined by `|`; `$x :=` in front declares. */
export interface Pipeline {
  readonly variables: readonly string[];
  readonly assign: boolean;
  readonly commands: readonly Command[];
}

export type Command = readonly Operand[];

export type Operand = { readonly fields: readonly string[] } & (
  | { readonly kind: 'dot' }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline }
);

interface Token {
  readonly kind: 'text' | 'action';
  readonly text: string;
}

const MAX_NESTING = 100;

export function parseTemplate(text: string): Parsed {
  return new Parser(split(text)).parse();
}

/** Text and actions by turns; `{{-` and `-}}` trim the text beside them, comments vanish. */
function split(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let trim = false;
  for (let open = text.indexOf('{{'); open >= 0; open = text.indexOf('{{', at)) {
    const close = endOfAction(text, open + 2);
    const before = /^\{\{-\s/.test(text.slice(open, open + 4));
    const after = /\s-$/.test(text.slice(open, close));
    const plain = text.slice(at, open);
    tokens.push({ kind: 'text', text: trimmed(plain, trim, before) });
    const action = text.slice(open + (before ? 3 : 2), close - (after ? 1 : 0)).trim();
    if (!/^\/\*[\s\S]*\*\/$/.test(action)) tokens.push({ kind: 'action', text: action });
    at = close + 2;
    trim = after;
  }
  tokens.push({ kind: 'text', text: trimmed(text.slice(at), trim, false) });
  return tokens.filter((token) => token.kind === 'action' || token.text !== '');
}

const trimmed = (text: string, start: boolean, end: boolean): string => {
  const left = start ? text.trimStart() : text;
  return end ? left.trimEnd() : left;
};

/** Where the action's `}}` stands, outside of strings. */
function endOfAction(text: string, from: number): number {
  const comment = /^-?\s*\/\*/.exec(text.slice(from));
  if (comment) {
    const end = /\*\/(?:\s+-)?\}\}/.exec(text.slice(from));
    return end ? from + end.index + end[0].length - 2 : fail('unclosed comment');
  }
  let quote = '';
  for (let i = from; i < text.length; i++) {
    const char = text[i] ?? '';
    if (quote !== '') {
      if (char === '\\' && quote !== '`') i++;
      else if (char === '\n' && quote !== '`') fail('unterminated quoted string');
      else if (char === quote) quote = '';
    } else if (['"', '`', "'"].includes(char)) quote = char;
    else if (text.startsWith('}}', i)) return i;
  }
  return fail(quote === '' ? 'unclosed action' : 'unterminated quoted string');
}

const isBlock = (word: string): word is 'if' | 'with' | 'range' => ['if', 'with', 'range'].includes(word);

class Parser {
  #at = 0;
  #depth = 0;
  #ranges = 0;
  readonly #defined = new Map<string, readonly Node[]>();
  constructor(readonly tokens: readonly Token[]) {}

  parse(): Parsed {
    const { nodes, end } = this.#list();
    if (end !== undefined) fail(`unexpected {{${end}}}`);
    return { nodes, defined: this.#defined };
  }

  /** Nodes up to an `end` or `else`, which is answered with what follows the word. */
  #list(): { nodes: Node[]; end?: string } {
    const nodes: Node[] = [];
    for (let token = this.tokens[this.#at++]; token; token = this.tokens[this.#at++]) {
      if (token.kind === 'text') nodes.push({ kind: 'text', text: token.text });
      else {
        const word = /^[a-z]+(?=\s|$)/.exec(token.text)?.[0] ?? '';
        if (word === 'end' || word === 'else') return { nodes, end: token.text };
        nodes.push(this.#action(word, token.text));
      }
    }
    return { nodes };
  }

  #action(word: string, text: string): Node {
    if (word === 'break' || word === 'continue') {
      if (this.#ranges === 0) fail(`{{${word}}} outside {{range}}`);
      return { kind: word };
    }
    if (isBlock(word)) return this.#block(word, text.slice(word.length));
    if (word === 'define' || word === 'template' || word === 'block')
      return this.#named(word, text.slice(word.length));
    return { kind: 'action', pipeline: parsePipeline(text) };
  }

  /** `define "name"` … `end`, `template "name" pipeline`, and `block`, which is both. */
  #named(word: 'define' | 'template' | 'block', text: string): Node {
    const [, quoted, rest = ''] = /^\s*("(?:[^"\\]|\\.)*"|`[^`]*`)([\s\S]*)$/.exec(text) ?? [];
    if (quoted === undefined)
      return fail(`unexpected ${text.trim()} in {{${word}}}: a name in quotes is expected`);
    const name = unquote(quoted);
    if (word === 'define' && (rest.trim() !== '' || this.#depth > 0)) fail(`unexpected {{define${text}}}`);
    const pipeline = rest.trim() === '' ? undefined : parsePipeline(rest);
    if (word === 'template') return { kind: 'call', name, pipeline };
    const { nodes, end } = this.#nested(() => this.#list());
    if (end !== 'end') fail(`{{end}} of {{${word} ${quoted}}} is missing`);
    this.#defined.set(name, nodes);
    return word === 'block' ? { kind: 'call', name, pipeline } : { kind: 'text', text: '' };
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_NESTING) fail(`blocks are nested more than ${MAX_NESTING} deep`);
    const result = read();
    this.#depth--;
    return result;
  }

  #block(word: 'if' | 'with' | 'range', text: string): Node {
    if (text.trim() === '') fail(`missing value for ${word}`);
    return this.#nested(() => {
      const pipeline = parsePipeline(text);
      this.#ranges += word === 'range' ? 1 : 0;
      const { nodes: body, end } = this.#list();
      this.#ranges -= word === 'range' ? 1 : 0;
      return { kind: 'block', word, pipeline, body, otherwise: this.#otherwise(end) };
    });
  }

  /** `{{else}} … {{end}}`, or `{{else if …}}`, which shares its end. */
  #otherwise(end: string | undefined): Node[] {
    if (end === undefined) return fail('unexpected end of the template: {{end}} is missing');
    if (end === 'end') return [];
    const chained = /^else\s+(if|with)\s/.exec(end);
    if (chained) return [this.#block(chained[1] as 'if', end.slice(chained[0].length))];
    if (end !== 'else') fail(`unexpected {{${end}}}`);
    const { nodes, end: last } = this.#list();
    if (last !== 'end') fail('{{end}} is missing');
    return nodes;
  }
}

function parsePipeline(text: string): Pipeline {
  const cursor = new Cursor(lex(text));
  const pipeline = cursor.pipeline();
  if (cursor.peek()) fail(`unexpected ${cursor.peek()?.text} in {{${text}}}`);
  return pipeline;
}

class Cursor {
  #at = 0;
  #depth = 0;
  constructor(readonly lexemes: readonly Lexeme[]) {}

  peek(ahead = 0): Lexeme | undefined {
    return this.lexemes[this.#at + ahead];
  }

  pipeline(): Pipeline {
    const { variables, assign } = this.#declarations();
    const commands = [this.#command()];
    while (this.#accept('|')) commands.push(this.#command());
    commands.slice(1).forEach((command, i) => {
      if (command[0]?.kind === 'literal') fail(`non executable command in pipeline stage ${i + 2}`);
    });
    return { variables, assign, commands };
  }

  /** `$x :=`, `$x =`, `$i, $x :=`. */
  #declarations(): { variables: string[]; assign: boolean } {
    const [first, sign, second, after] = [this.peek(), this.peek(1), this.peek(2), this.peek(3)];
    if (first?.kind !== 'variable') return { variables: [], assign: false };
    if (sign?.text === ':=' || sign?.text === '=') {
      this.#at += 2;
      return { variables: [first.text], assign: sign.text === '=' };
    }
    if (sign?.text !== ',' || second?.kind !== 'variable' || after?.text !== ':=')
      return { variables: [], assign: false };
    this.#at += 4;
    return { variables: [first.text, second.text], assign: false };
  }

  #command(): Command {
    const operands: Operand[] = [];
    for (let next = this.peek(); next && next.text !== '|' && next.text !== ')'; next = this.peek())
      operands.push(this.#operand(next));
    return operands.length > 0 ? operands : fail('missing value');
  }

  #operand(lexeme: Lexeme): Operand {
    this.#at++;
    if (lexeme.kind === 'fields') return { kind: 'dot', fields: lexeme.text.slice(1).split('.') };
    if (lexeme.kind === 'dot') return { kind: 'dot', fields: [] };
    if (lexeme.kind === 'string') return { kind: 'literal', value: unquote(lexeme.text), fields: [] };
    if (lexeme.kind === 'number') return { kind: 'literal', value: numberOf(lexeme.text), fields: [] };
    if (lexeme.kind === 'variable') return { kind: 'variable', name: lexeme.text, fields: this.#attached() };
    if (lexeme.kind === 'word') return this.#word(lexeme.text);
    if (lexeme.text === '(') return this.#group();
    return fail(`unexpected ${lexeme.text}`);
  }

  #word(text: string): Operand {
    const literals: Record<string, unknown> = { true: true, false: false, nil: null };
    if (Object.hasOwn(literals, text)) return { kind: 'literal', value: literals[text], fields: [] };
    if (!isFunction(text)) fail(`function "${text}" not defined`);
    return { kind: 'function', name: text, fields: [] };
  }

  #group(): Operand {
    if (++this.#depth > MAX_NESTING) fail(`parentheses are nested more than ${MAX_NESTING} deep`);
    const pipeline = this.pipeline();
    if (!this.#accept(')')) fail('unclosed parenthesis');
    this.#depth--;
    return { kind: 'pipeline', pipeline, fields: this.#attached() };
  }

  /** Fields without a space in front. */
  #attached(): string[] {
    const next = this.peek();
    if (next?.kind !== 'fields' || next.apart) return [];
    this.#at++;
    return next.text.slice(1).split('.');
  }

  #accept(sign: string): boolean {
    if (this.peek()?.text !== sign || this.peek()?.kind !== 'sign') return false;
    this.#at++;
    return true;
  }
}
