import { isFunction } from './template-functions.ts';
import { type Lexeme, lex, numberOf, refuse, unquote } from './template-lex.ts';

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

const MAX_NESTING = 100;

/** What stands in `context`, an `if` or a `command`; `variables` are those it may name, and it adds its own. */
export function parsePipeline(text: string, context: string, variables: string[]): Pipeline {
  const cursor = new Cursor(lex(text), variables);
  const pipeline = cursor.pipeline(context);
  const next = cursor.peek()?.text;
  if (next === ')') refuse('unexpected right paren');
  if (next !== undefined) refuse(`unexpected ${JSON.stringify(next)} in operand`);
  return pipeline;
}

class Cursor {
  #at = 0;
  #depth = 0;
  constructor(
    readonly lexemes: readonly Lexeme[],
    readonly known: string[],
  ) {}

  peek(ahead = 0): Lexeme | undefined {
    return this.lexemes[this.#at + ahead];
  }

  pipeline(context: string): Pipeline {
    const { variables, assign } = this.#declarations();
    this.known.push(...variables);
    const commands = [this.#command(`missing value for ${context}`)];
    while (this.#accept('|')) commands.push(this.#command(`missing value for ${context}`));
    commands.slice(1).forEach((command, i) => {
      if (command[0]?.kind === 'literal') refuse(`non executable command in pipeline stage ${i + 2}`);
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

  #command(missing: string): Command {
    const operands: Operand[] = [];
    for (let next = this.peek(); next && next.text !== '|' && next.text !== ')'; next = this.peek()) {
      if (operands.length > 0 && !next.apart) this.#clings(next, operands.at(-1));
      operands.push(this.#operand(next));
    }
    if (operands.length > 0) return operands;
    return refuse(this.peek()?.text === '|' ? 'unexpected "|" in command' : missing);
  }

  /** Operands want a space between them. */
  #clings({ kind, text }: Lexeme, before: Operand | undefined): never {
    const term = this.peek(-1)?.text ?? '';
    if (before?.kind !== 'literal' || kind === 'string')
      return refuse(`unexpected ${text.startsWith('.') ? '<.>' : JSON.stringify(text)} in operand`);
    if (/^[-+.\d]/.test(term)) return refuse(`bad number syntax: ${JSON.stringify(term + text)}`);
    return refuse(`unexpected . after term ${JSON.stringify(term)}`);
  }

  #operand(lexeme: Lexeme): Operand {
    this.#at++;
    if (lexeme.kind === 'fields') return { kind: 'dot', fields: lexeme.text.slice(1).split('.') };
    if (lexeme.kind === 'dot') return { kind: 'dot', fields: [] };
    if (lexeme.kind === 'string') return { kind: 'literal', value: unquote(lexeme.text), fields: [] };
    if (lexeme.kind === 'number') return { kind: 'literal', value: numberOf(lexeme.text), fields: [] };
    if (lexeme.kind === 'variable') return this.#variable(lexeme.text);
    if (lexeme.kind === 'word') return this.#word(lexeme.text);
    if (lexeme.text === '(') return this.#group();
    return refuse(`unexpected ${JSON.stringify(lexeme.text)} in operand`);
  }

  #variable(name: string): Operand {
    if (!this.known.includes(name)) refuse(`undefined variable ${JSON.stringify(name)}`);
    return { kind: 'variable', name, fields: this.#attached() };
  }

  #word(text: string): Operand {
    const literals: Record<string, unknown> = { true: true, false: false, nil: null };
    if (Object.hasOwn(literals, text)) return { kind: 'literal', value: literals[text], fields: [] };
    if (!isFunction(text)) refuse(`function "${text}" not defined`);
    return { kind: 'function', name: text, fields: this.#attached() };
  }

  #group(): Operand {
    if (++this.#depth > MAX_NESTING) refuse(`parentheses are nested more than ${MAX_NESTING} deep`);
    const pipeline = this.pipeline('parenthesized pipeline');
    if (!this.#accept(')')) refuse('unclosed left paren');
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
