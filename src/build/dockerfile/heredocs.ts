import type { Range } from './source.ts';
import { jsonWords, quotedWords, type Span, unquoted } from './words.ts';

/** `<<NAME`: lines that follow the instruction, up to one that is NAME alone. */
export interface Heredoc {
  readonly name: string;
  readonly text: string;
  /** Not where any part of NAME was quoted. */
  readonly expand: boolean;
  /** `<<-`: tabs in front of each line are gone. */
  readonly chomp: boolean;
  /** The descriptor in front of it, 0 where there is none. */
  readonly fd: number;
  /** The lines of the text, without the last one. */
  readonly range: Range;
}

/** One that was opened, and the word that did it. */
export interface Opening extends Omit<Heredoc, 'text' | 'range'> {
  readonly span: Span;
}

const OPENING = /^(\d{0,9})<<(-?)([^<]+)$/;

/** A word that opens one. */
export function openingOf(word: string, esc: string): Omit<Opening, 'span'> | undefined {
  const [, fd = '', dash = '', written = ''] = OPENING.exec(word) ?? [];
  const name = unquoted(written, esc);
  if (name === '' || name.includes('\n')) return undefined;
  return { name, expand: name === written, chomp: dash === '-', fd: Number(fd) };
}

/** All that the text behind RUN, COPY or ADD opens, in order. */
export function openingsIn(text: string, esc: string): Opening[] {
  if (!text.includes('<<') || jsonWords(text) !== undefined) return [];
  return quotedWords(text, esc).flatMap((span) => {
    const opening = openingOf(text.slice(span.start, span.end), esc);
    return opening ? [{ ...opening, span }] : [];
  });
}
