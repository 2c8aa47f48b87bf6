import { TinyrunError } from '../../errors.ts';
import { Refusal, refuse, unquote } from './template-lex.ts';
import { type Pipeline, parsePipeline } from './template-pipeline.ts';
import { split, type Token } from './template-split.ts';

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

const MAX_NESTING = 100;

/** @throws TinyrunError TEMPLATE_SYNTAX in Go's words, with the line */
export function parseTemplate(text: string): Parsed {
  const reading = { line: 1 };
  try {
    return new Parser(split(text, reading), reading).parse();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new TinyrunError(
      'TEMPLATE_SYNTAX',
      `template parsing error: template: :${reading.line}: ${error.message}`,
    );
  }
}

const isBlock = (word: string): word is 'if' | 'with' | 'range' => ['if', 'with', 'range'].includes(word);

class Parser {
  #at = 0;
  #depth = 0;
  #ranges = 0;
  /** Those that may be named here, outermost first. */
  #variables = ['$'];
  readonly #defined = new Map<string, readonly Node[]>();
  constructor(
    readonly tokens: readonly Token[],
    readonly reading: { line: number },
  ) {}

  parse(): Parsed {
    const { nodes, end } = this.#list();
    if (end !== undefined) refuse(`unexpected {{${wordOf(end)}}}`);
    return { nodes, defined: this.#defined };
  }

  /** Nodes up to an `end` or `else`, which is answered with what follows the word. */
  #list(): { nodes: Node[]; end?: string } {
    const nodes: Node[] = [];
    for (let token = this.tokens[this.#at++]; token; token = this.tokens[this.#at++]) {
      this.reading.line = token.line;
      if (token.kind === 'text') nodes.push({ kind: 'text', text: token.text });
      else {
        const word = wordOf(token.text);
        if (word === 'end' || word === 'else') return { nodes, end: token.text };
        nodes.push(this.#action(word, token.text));
      }
    }
    return { nodes };
  }

  #action(word: string, text: string): Node {
    if (word === 'break' || word === 'continue') return this.#leave(word, text);
    if (isBlock(word)) return this.#block(word, text.slice(word.length));
    if (word === 'define' || word === 'template' || word === 'block')
      return this.#named(word, text.slice(word.length));
    return { kind: 'action', pipeline: parsePipeline(text, 'command', this.#variables) };
  }

  #leave(word: 'break' | 'continue', text: string): Node {
    const rest = text.slice(word.length).trim();
    if (rest !== '') refuse(`unexpected <${rest}> in {{${word}}}`);
    return this.#ranges > 0 ? { kind: word } : refuse(`{{${word}}} outside {{range}}`);
  }

  /** `define "name"` … `end`, `template "name" pipeline`, and `block`, which is both. */
  #named(word: 'define' | 'template' | 'block', text: string): Node {
    if (word === 'define' && this.#depth > 0) refuse('unexpected <define> in command');
    const [, quoted, rest = ''] = /^\s*("(?:[^"\\]|\\.)*"|`[^`]*`)([\s\S]*)$/.exec(text) ?? [];
    if (quoted === undefined)
      return refuse(`unexpected ${JSON.stringify(text.trim() || '}}')} in ${word} clause`);
    const name = unquote(quoted);
    if (word === 'define' && rest.trim() !== '') refuse(`unexpected <${rest.trim()}> in define clause`);
    if (word === 'block' && rest.trim() === '') refuse('missing value for block clause');
    const pipeline = rest.trim() === '' ? undefined : parsePipeline(rest, `${word} clause`, this.#variables);
    if (word === 'template') return { kind: 'call', name, pipeline };
    const { nodes, end } = this.#apart(() => this.#list());
    this.#ends(end);
    this.#defined.set(name, nodes);
    return word === 'block' ? { kind: 'call', name, pipeline } : { kind: 'text', text: '' };
  }

  /** A template of its own sees no variable of where it stands, and is in no range. */
  #apart<T>(read: () => T): T {
    const [variables, ranges] = [this.#variables, this.#ranges];
    [this.#variables, this.#ranges] = [['$'], 0];
    const result = this.#nested(read);
    [this.#variables, this.#ranges] = [variables, ranges];
    return result;
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_NESTING) refuse(`blocks are nested more than ${MAX_NESTING} deep`);
    const known = this.#variables.length;
    const result = read();
    this.#variables.length = known;
    this.#depth--;
    return result;
  }

  #block(word: 'if' | 'with' | 'range', text: string): Node {
    return this.#nested(() => {
      const pipeline = parsePipeline(text, word, this.#variables);
      this.#ranges += word === 'range' ? 1 : 0;
      const { nodes: body, end } = this.#list();
      this.#ranges -= word === 'range' ? 1 : 0;
      return { kind: 'block', word, pipeline, body, otherwise: this.#otherwise(end) };
    });
  }

  /** `{{else}} … {{end}}`, or `{{else if …}}`, which shares its end. */
  #otherwise(end: string | undefined): Node[] {
    if (end === undefined || wordOf(end) === 'end') {
      this.#ends(end);
      return [];
    }
    const chained = /^else\s+(if|with)(?=\s|$)/.exec(end);
    if (chained) return [this.#block(chained[1] as 'if', end.slice(chained[0].length))];
    const rest = end.slice('else'.length).trim();
    if (rest !== '') refuse(`unexpected <${rest}> in else`);
    const { nodes, end: last } = this.#list();
    this.#ends(last);
    return nodes;
  }

  /** What closes a list of nodes is `{{end}}`. */
  #ends(end: string = refuse('unexpected EOF')): void {
    if (wordOf(end) !== 'end') refuse(`expected end; found {{${end}}}`);
    const rest = end.slice('end'.length).trim();
    if (rest !== '') refuse(`unexpected <${rest}> in end`);
  }
}

/** The keyword that an action starts with. */
const wordOf = (action: string): string => /^[a-z]+(?=\s|$)/.exec(action)?.[0] ?? '';
