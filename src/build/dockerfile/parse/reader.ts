import { suggest } from '../../../store/suggest.ts';
import { booleanOf } from '../../../store/words.ts';
import type { CommandForm, Word } from '../instruction.ts';
import { joinedRange } from '../joined.ts';
import type { Line } from '../lines.ts';
import type { Report } from '../problem.ts';
import type { Range, Source } from '../source.ts';
import { jsonWords, leadingFlags, plainWords, quotedWords, type Span, unquoted } from '../words.ts';

/** What a flag takes: a word, words each time it is given, or nothing or a boolean. */
export type FlagKind = 'word' | 'words' | 'boolean';

/** An instruction that is being read: what stands behind its keyword, by pieces that know their places. */
export class Reader {
  /** In capitals. */
  readonly name: string;
  readonly line: Line;
  readonly tell: Report;
  readonly esc: string;
  readonly #source: Source;
  readonly #flags: readonly Span[];
  readonly #given = new Map<string, Word[]>();
  /** Where what follows the flags begins. */
  readonly #at: number;

  constructor(source: Source, line: Line, at: { name: string; restAt: number; esc: string }, tell: Report) {
    this.#source = source;
    this.line = line;
    this.name = at.name;
    this.esc = at.esc;
    this.tell = tell;
    const { flags, end } = leadingFlags(line.joined.text.slice(at.restAt), at.esc);
    this.#flags = flags.map(({ start, end }) => ({ start: start + at.restAt, end: end + at.restAt }));
    this.#at = at.restAt + end;
  }

  /** All behind keyword and flags. */
  get rest(): string {
    return this.line.joined.text.slice(this.#at);
  }

  get restRange(): Range {
    return this.range({ start: this.#at, end: this.line.joined.text.length });
  }

  /** Where the instruction stands, without heredocs. */
  get whole(): Range {
    return this.range({ start: 0, end: this.line.joined.text.length });
  }

  range({ start, end }: Span): Range {
    return joinedRange(this.#source, this.line.joined, start, end);
  }

  word(span: Span): Word {
    return { text: this.line.joined.text.slice(span.start, span.end), range: this.range(span) };
  }

  /** All of the rest as one word. */
  wholeWord(): Word | undefined {
    const rest = this.rest.trimEnd();
    return rest === '' ? undefined : this.word({ start: this.#at, end: this.#at + rest.length });
  }

  plain(): Word[] {
    return plainWords(this.line.joined.text, this.#at).map((span) => this.word(span));
  }

  quoted(): Word[] {
    return quotedWords(this.line.joined.text, this.esc, this.#at).map((span) => this.word(span));
  }

  /** Words of the JSON form, from an offset in `rest`; undefined where it is none. */
  json(from = 0): Word[] | undefined {
    return jsonWords(this.line.joined.text, this.#at + from)?.map(({ value, span }) => ({
      text: value,
      range: this.range(span),
      json: true,
    }));
  }

  /** The JSON form, or words between white space. */
  list(): Word[] {
    return this.json() ?? this.plain();
  }

  /** The JSON form, or a text for a shell. */
  command(from = 0): CommandForm {
    const words = this.json(from);
    const range = this.range({ start: this.#at + from, end: this.line.joined.text.length });
    if (words) return { form: 'exec', argv: words.map(({ text }) => text), range };
    return { form: 'shell', text: this.rest.slice(from).trim(), range };
  }

  /** Reads the flags; those that are none, or twice there, are told. */
  readFlags(known: Readonly<Record<string, FlagKind>> = {}): void {
    for (const span of this.#flags) {
      const raw = this.line.joined.text.slice(span.start, span.end);
      const cut = raw.indexOf('=');
      const name = unquoted(raw.slice(2, cut < 0 ? undefined : cut), this.esc);
      const kind = Object.hasOwn(known, name) ? known[name] : undefined;
      const range = this.range(span);
      if (kind === undefined) this.#unknown(name, range, Object.keys(known));
      else this.#take({ name, kind, value: cut < 0 ? undefined : raw.slice(cut + 1), span, cut });
    }
  }

  #unknown(name: string, range: Range, known: readonly string[]): void {
    const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name;
    const [near] = suggest(name, known);
    this.tell(`unknown flag: --${shown}`, range, near && `--${near}`);
  }

  #take(flag: { name: string; kind: FlagKind; value: string | undefined; span: Span; cut: number }): void {
    const { name, value, span, cut } = flag;
    const range = this.range(span);
    const before = this.#given.get(name) ?? [];
    const refused = this.#refusal(flag, before.length > 0);
    if (refused !== undefined) {
      this.tell(refused, range);
      return;
    }
    const start = span.start + cut + 1;
    const place = value === undefined ? range : this.range({ start, end: span.end });
    before.push({ text: value ?? 'true', range: place });
    this.#given.set(name, before);
  }

  #refusal(
    { name, kind, value }: { name: string; kind: FlagKind; value: string | undefined },
    again: boolean,
  ) {
    if (again && kind !== 'words') return `duplicate flag specified: --${name}`;
    if (kind !== 'boolean') return value === undefined ? `missing a value on flag: --${name}` : undefined;
    if (booleanOf(value ?? 'true') !== undefined) return undefined;
    return `expecting boolean value for flag --${name}, not: ${value?.slice(0, 64)}`;
  }

  flag(name: string): Word | undefined {
    return this.#given.get(name)?.[0];
  }

  flags(name: string): readonly Word[] {
    return this.#given.get(name) ?? [];
  }

  /** Whether a flag is set; undefined where it was not given. */
  boolean(name: string): boolean | undefined {
    const word = this.flag(name);
    return word && booleanOf(word.text);
  }
}
