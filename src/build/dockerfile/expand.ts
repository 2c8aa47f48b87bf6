import { ExpandError, type Expanded, LONGEST, type Lookup, type Rules, type Unset } from './expansion.ts';
import { readGlob, replaced, withoutPrefix, withoutSuffix } from './glob.ts';

/** `${a:-${b:-…}}`: how deep. */
const DEEPEST = 64;
const TOO_LONG = 'it expands to more than an argument may be';

const NAME = /[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?\-$!]/y;
/** What `\` takes its meaning from in double quotes. */
const ESCAPED_IN_QUOTES = ['"', '$'];

/**
 * A word with its variables put in, its quotes and escapes taken away.
 * @see https://docs.docker.com/reference/dockerfile/#environment-replacement
 */
export function expand(word: string, lookup: Lookup, rules: Rules): Expanded {
  return new Expander(word, lookup, rules).whole();
}

class Expander {
  readonly #word: string;
  readonly #lookup: Lookup;
  readonly #rules: Rules;
  readonly #used = new Set<string>();
  readonly #unset: Unset[] = [];
  readonly #fields: string[] = [];
  #field: string | undefined;
  #at = 0;
  #depth = 0;

  constructor(word: string, lookup: Lookup, rules: Rules) {
    this.#word = word;
    this.#lookup = lookup;
    this.#rules = rules;
  }

  whole(): Expanded {
    const text = this.#until('', (part, isOpen) => this.#addToField(part, isOpen));
    if (this.#field !== undefined) this.#fields.push(this.#field);
    this.#rules.budget.characters -= text.length;
    if (this.#rules.budget.characters <= 0) this.#fail('variables of this build come to more than 64 MB', 0);
    return { text, used: this.#used, unset: this.#unset, fields: this.#fields };
  }

  #addToField(part: string, isOpen: boolean): void {
    if (!isOpen) {
      this.#field = (this.#field ?? '') + part;
      return;
    }
    const [head = '', ...more] = part.split(/\s+/);
    if (head !== '') this.#field = (this.#field ?? '') + head;
    for (const one of more) {
      if (this.#field !== undefined) this.#fields.push(this.#field);
      this.#field = one === '' ? undefined : one;
    }
  }

  #fail(message: string, at = this.#at): never {
    throw new ExpandError(message, Math.min(at, this.#word.length));
  }

  /**
   * Up to one of the characters `stops`, which is passed over; all of it where there are none. `raw`: escapes stay, for
   * patterns.
   */
  #until(stops: string, told?: (part: string, isOpen: boolean) => void, raw = false): string {
    const parts: string[] = [];
    let size = 0;
    const add = (part: string, isOpen = false) => {
      size += part.length;
      if (size > (this.#rules.limit ?? LONGEST)) this.#fail(TOO_LONG);
      parts.push(part);
      told?.(part, isOpen);
    };
    const begin = this.#at;
    while (this.#at < this.#word.length) {
      const c = this.#word[this.#at] ?? '';
      if (stops.includes(c) && stops !== '') {
        this.#at++;
        return parts.join('');
      }
      if (c === '$') add(this.#dollar(), true);
      else if (c === this.#rules.esc) add(this.#escaped(raw));
      else if (c === "'" && !this.#rules.rawQuotes) add(this.#single(raw));
      else if (c === '"' && !this.#rules.rawQuotes) add(this.#double(raw));
      else add(this.#plain(stops));
    }
    if (stops !== '') this.#fail(`syntax error: missing '${stops}'`, begin);
    return parts.join('');
  }

  /** Characters that mean themselves. */
  #plain(stops: string): string {
    const start = this.#at++;
    while (this.#at < this.#word.length) {
      const c = this.#word[this.#at] ?? '';
      if (c === '$' || c === this.#rules.esc || c === "'" || c === '"' || stops.includes(c)) break;
      this.#at++;
    }
    return this.#word.slice(start, this.#at);
  }

  #escaped(raw: boolean): string {
    const next = this.#word[this.#at + 1];
    this.#at += 2;
    if (next === undefined) return '';
    // a heredoc keeps the escapes that are not needed
    if (this.#rules.rawQuotes && !['$', this.#rules.esc].includes(next)) return this.#rules.esc + next;
    return raw ? `\\${next}` : next;
  }

  #single(raw: boolean): string {
    const end = this.#word.indexOf("'", this.#at + 1);
    if (end < 0) this.#fail('unexpected end of statement while looking for matching single-quote');
    const text = this.#word.slice(this.#at + 1, end);
    this.#at = end + 1;
    return raw ? literal(text) : text;
  }

  #double(raw: boolean): string {
    const start = this.#at++;
    let text = '';
    while (this.#at < this.#word.length) {
      const c = this.#word[this.#at] ?? '';
      const next = this.#word[this.#at + 1] ?? '';
      if (c === '"') {
        this.#at++;
        return text;
      }
      if (c === '$') text += raw ? literal(this.#dollar()) : this.#dollar();
      else if (c === this.#rules.esc && (ESCAPED_IN_QUOTES.includes(next) || next === c)) {
        text += raw ? literal(next) : next;
        this.#at += 2;
      } else {
        text += raw ? literal(c) : c;
        this.#at++;
      }
      if (text.length > (this.#rules.limit ?? LONGEST)) this.#fail(TOO_LONG, start);
    }
    return this.#fail('unexpected end of statement while looking for matching double-quote', start);
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const [name = ''] = NAME.exec(this.#word) ?? [];
    this.#at += name.length;
    return name;
  }

  #value(name: string, at: number): string | undefined {
    this.#used.add(name);
    const value = this.#lookup(name);
    if (value === undefined) this.#unset.push({ name, at });
    return value;
  }

  #dollar(): string {
    const start = this.#at++;
    if (this.#word[this.#at] !== '{') {
      const name = this.#name();
      return name === '' ? '$' : (this.#value(name, start) ?? '');
    }
    if (++this.#depth > DEEPEST) this.#fail('expansions are nested too deeply', start);
    this.#at++;
    const text = this.#braces(start);
    this.#depth--;
    return text;
  }

  #braces(start: number): string {
    if (this.#at >= this.#word.length) this.#fail("syntax error: missing '}'", start);
    const name = this.#name();
    if (name === '') this.#fail('syntax error: bad substitution', start);
    const operator = /[:]?[-+?]|##?|%%?|\/\/?|\}/y;
    operator.lastIndex = this.#at;
    const [op] = operator.exec(this.#word) ?? [];
    if (op === undefined) {
      const seen = this.#word.slice(this.#at, this.#at + (this.#word[this.#at] === ':' ? 2 : 1));
      this.#fail(
        seen === '' ? "syntax error: missing '}'" : `unsupported modifier (${seen}) in substitution`,
        start,
      );
    }
    this.#at += op.length;
    if (op === '}') return this.#value(name, start) ?? '';
    return this.#modified(name, op, start);
  }

  #modified(name: string, op: string, start: number): string {
    if (/[-+?]/.test(op)) return this.#conditional(name, op, start);
    const value = this.#value(name, start) ?? '';
    const { budget } = this.#rules;
    if (op.startsWith('/')) {
      const glob = readGlob(this.#until('/', undefined, true));
      const by = this.#until('}');
      const limit = LONGEST;
      if (this.#lookup(name) === undefined) return '';
      return this.#afford(replaced(value, glob, by, { all: op === '//', limit, budget }), start);
    }
    const glob = readGlob(this.#until('}', undefined, true));
    const cut = op.startsWith('#') ? withoutPrefix : withoutSuffix;
    return this.#afford(cut(value, glob, op.length === 2, budget), start);
  }

  #afford(text: string, start: number): string {
    if (this.#rules.budget.steps <= 0) this.#fail('patterns of this build take too long to match', start);
    return text;
  }

  #conditional(name: string, op: string, start: number): string {
    this.#used.add(name);
    const value = this.#lookup(name);
    const isThere = value !== undefined && (value !== '' || !op.startsWith(':'));
    const unset = this.#unset.length;
    const word = this.#until('}');
    const isTaken = op.endsWith('+') ? isThere : !isThere;
    // what is not taken is as good as not there
    if (!isTaken) this.#unset.length = unset;
    if (op.endsWith('-')) return isThere ? value : word;
    if (op.endsWith('+')) return isThere ? word : '';
    if (isThere) return value;
    const why = value === '' ? 'not allowed to be empty' : 'not allowed to be unset';
    return this.#fail(`${name}: ${word === '' ? why : word}`, start);
  }
}

/** For a pattern, where quotes took the meaning from it. */
const literal = (text: string): string => text.replaceAll(/[\\*?]/g, '\\$&');
