import type { Directives } from './directives.ts';
import { type Heredoc, type Opening, openingsIn } from './heredocs.ts';
import { type Joined, joinedRange } from './joined.ts';
import type { Problem } from './problem.ts';
import { lineText, type Range, rangeAt, type Source } from './source.ts';

/** An instruction as text: its lines in one, without the comments between them. */
export interface Line {
  /** From the keyword to the end of the last line, heredocs and all. */
  readonly range: Range;
  readonly keyword: string;
  readonly keywordRange: Range;
  /** All of it, keyword and flags too, continuations gone. */
  readonly joined: Joined;
  /** Where in that what follows the keyword begins. */
  readonly restAt: number;
  readonly heredocs: readonly Heredoc[];
  /** The comment straight above it, without `#`. */
  readonly comment: readonly string[];
  /** An empty line stands where it was to go on. */
  readonly emptyContinuation: boolean;
}

const COMMENT = /^[ \t]*#/;
const isBlank = (text: string): boolean => text.trim() === '';

/** How many instructions one may have: what has more was made to take our time. */
const MOST_HEREDOCS = 1000;

export class LineReader {
  readonly #source: Source;
  readonly #esc: string;
  readonly #problems: Problem[];
  #next: number;

  constructor(source: Source, { esc, lines }: Pick<Directives, 'esc' | 'lines'>, problems: Problem[]) {
    this.#source = source;
    this.#esc = esc;
    this.#problems = problems;
    this.#next = lines + 1;
  }

  /** All instructions. */
  read(): Line[] {
    const lines: Line[] = [];
    let comment: string[] = [];
    while (this.#next <= this.#source.starts.length) {
      const text = this.#text(this.#next);
      if (COMMENT.test(text)) comment.push(text.replace(COMMENT, '').trim());
      else if (isBlank(text)) comment = [];
      else {
        lines.push(this.#instruction(comment));
        comment = [];
        continue;
      }
      this.#next++;
    }
    return lines;
  }

  #text(number: number): string {
    return lineText(this.#source, number);
  }

  #instruction(comment: readonly string[]): Line {
    const first = this.#next;
    const { joined, emptyContinuation } = this.#join();
    const [, keyword = '', space = ''] = /^(\S+)(\s*)/.exec(joined.text) ?? [];
    const restAt = keyword.length + space.length;
    const head = { keyword, keywordRange: this.#range(joined, 0, keyword.length), joined, restAt };
    const heredocs = this.#heredocs(joined, keyword, restAt, first);
    const start = joined.pieces[0]?.from ?? 0;
    const last = this.#next - 1;
    const end = heredocs.length > 0 ? this.#endOf(last) : this.#endOfJoined(joined);
    return { ...head, range: rangeAt(this.#source, start, end), heredocs, comment, emptyContinuation };
  }

  /** The lines of one instruction, put together. */
  #join(): { joined: Joined; emptyContinuation: boolean } {
    const parts: string[] = [];
    const pieces: { at: number; from: number }[] = [];
    let at = 0;
    let emptyContinuation = false;
    for (let goesOn = true; goesOn && this.#next <= this.#source.starts.length; this.#next++) {
      const text = this.#text(this.#next);
      const isFirst = parts.length === 0;
      if (!isFirst && COMMENT.test(text)) continue;
      if (!isFirst && isBlank(text)) {
        emptyContinuation = true;
        continue;
      }
      const indent = isFirst ? text.length - text.trimStart().length : 0;
      const body = this.#continued(text);
      goesOn = body !== undefined;
      const part = (body ?? text.trimEnd()).slice(indent);
      pieces.push({ at, from: (this.#source.starts[this.#next - 1] ?? 0) + indent });
      parts.push(part);
      at += part.length;
    }
    const text = parts.join('').trimEnd();
    return { joined: { text, pieces }, emptyContinuation };
  }

  /** A line that goes on, without what says so: one escape at its end, which is not itself escaped. */
  #continued(text: string): string | undefined {
    let length = text.length;
    // by hand: /[ \t]+$/ takes the square of how many stand together elsewhere
    while (text[length - 1] === ' ' || text[length - 1] === '\t') length--;
    const end = text.slice(0, length);
    if (!end.endsWith(this.#esc) || end.at(-2) === this.#esc) return undefined;
    return end.slice(0, -1);
  }

  #heredocs(joined: Joined, keyword: string, restAt: number, first: number): Heredoc[] {
    const rest = joined.text.slice(restAt);
    const [, inner = ''] = keyword.toUpperCase() === 'ONBUILD' ? (/^(\S+)/.exec(rest) ?? []) : ['', keyword];
    if (!['RUN', 'COPY', 'ADD'].includes(inner.toUpperCase())) return [];
    const openings = openingsIn(rest, this.#esc);
    const kept = openings.slice(0, MOST_HEREDOCS);
    if (openings.length > kept.length)
      this.#tell(`more than ${MOST_HEREDOCS} heredocs in one instruction`, first);
    return kept.map((opening) => this.#heredoc(opening, first));
  }

  #heredoc({ span: _, ...opening }: Opening, first: number): Heredoc {
    const { starts, text } = this.#source;
    const begin = this.#next;
    for (let line = begin; line <= starts.length; line++) {
      const found = this.#text(line);
      if ((opening.chomp ? found.replace(/^\t+/, '') : found) !== opening.name) continue;
      this.#next = line + 1;
      const from = starts[begin - 1] ?? text.length;
      const to = starts[line - 1] ?? text.length;
      const body = text.slice(from, to);
      const kept = opening.chomp ? body.replaceAll(/^\t+/gm, '') : body;
      return { ...opening, text: kept, range: rangeAt(this.#source, from, to) };
    }
    this.#next = starts.length + 1;
    this.#tell(`unterminated heredoc: there is no line ${JSON.stringify(opening.name)}`, first);
    return { ...opening, text: '', range: rangeAt(this.#source, text.length, text.length) };
  }

  #endOf(line: number): number {
    return (this.#source.starts[line - 1] ?? 0) + this.#text(line).length;
  }

  #endOfJoined(joined: Joined): number {
    const last = joined.pieces.at(-1) ?? { at: 0, from: 0 };
    return last.from + Math.max(0, joined.text.length - last.at);
  }

  #range(joined: Joined, start: number, end: number): Range {
    return joinedRange(this.#source, joined, start, end);
  }

  #tell(message: string, line: number): void {
    const start = this.#source.starts[line - 1] ?? 0;
    const range = rangeAt(this.#source, start, this.#endOf(line));
    this.#problems.push({ rule: 'syntax', severity: 'error', message, range });
  }
}
