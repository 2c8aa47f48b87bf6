import { TinyrunError } from '../errors.ts';

/** A variable's value; undefined: it is not set. */
export type Lookup = (name: string) => string | undefined;

/** The words of a Dockerfile's line, their quotes and backslashes still in them. */
export function rawWords(text: string): string[] {
  return text.match(/(?:"(?:\\[\s\S]|[^"\\])*(?:"|$)|'[^']*(?:'|$)|\\[\s\S]?|[^\s"'\\])+/g) ?? [];
}

/**
 * A word as a Dockerfile has it (`"a $B"\ c`, `${B:-c}`): without its quotes, its variables replaced.
 * @throws TinyrunError USAGE in Docker's words
 */
export function expandWord(word: string, lookup: Lookup): string {
  return new WordReader(word, lookup).read();
}

class WordReader {
  #at = 0;
  constructor(
    readonly word: string,
    readonly lookup: Lookup,
  ) {}

  /** Up to the end, or to `until`, which is left. */
  read(until = ''): string {
    let text = '';
    while (this.#at < this.word.length) {
      const char = this.word[this.#at] ?? '';
      if (char === until) break;
      this.#at++;
      if (char === "'") text += this.#single();
      else if (char === '"') text += this.#double();
      else if (char === '$') text += this.#variable();
      else text += char === '\\' ? this.#next() : char;
    }
    return text;
  }

  #next(): string {
    return this.word[this.#at++] ?? '';
  }

  #single(): string {
    const end = this.word.indexOf("'", this.#at);
    if (end < 0) throw this.#bad('unexpected end of statement while looking for matching single-quote');
    const text = this.word.slice(this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #double(): string {
    let text = '';
    for (;;) {
      const char = this.#next();
      if (char === '"') return text;
      if (char === '') throw this.#bad('unexpected end of statement while looking for matching double-quote');
      if (char === '$') text += this.#variable();
      else if (char === '\\') text += this.#escaped();
      else text += char;
    }
  }

  /** Between double quotes a backslash stands for itself, but before these. */
  #escaped(): string {
    const char = this.#next();
    return ['"', '$', '\\'].includes(char) ? char : `\\${char}`;
  }

  #variable(): string {
    if (this.word[this.#at] === '{') return this.#braced();
    const [name = ''] = /^(?:[A-Za-z_]\w*|[0-9@*#?!-])?/.exec(this.word.slice(this.#at)) ?? [];
    this.#at += name.length;
    return name === '' ? '$' : (this.lookup(name) ?? '');
  }

  #braced(): string {
    this.#at++;
    const [name = ''] = /^\w*/.exec(this.word.slice(this.#at)) ?? [];
    this.#at += name.length;
    const [modifier = ''] = /^:?[-+?]/.exec(this.word.slice(this.#at)) ?? [];
    this.#at += modifier.length;
    const rest = modifier === '' ? '' : this.read('}');
    const end = this.#next();
    if (end === '') throw this.#bad("syntax error: missing '}'");
    if (end !== '}' || name === '') throw this.#bad('bad substitution');
    return this.#chosen(name, modifier, rest);
  }

  #chosen(name: string, modifier: string, rest: string): string {
    const value = this.lookup(name);
    const isSet = modifier.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
    if (modifier.endsWith('+')) return isSet ? rest : '';
    if (isSet || modifier === '') return value ?? '';
    if (modifier.endsWith('-')) return rest;
    throw this.#bad(`${name}: ${rest || 'is not allowed to be empty'}`);
  }

  #bad(why: string): TinyrunError {
    return new TinyrunError('USAGE', `failed to process ${JSON.stringify(this.word)}: ${why}`, {
      hint: 'quote a character that is to stand for itself: \\$ \\" \\\\',
    });
  }
}
