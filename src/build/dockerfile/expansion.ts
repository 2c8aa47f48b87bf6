import type { Budget } from './glob.ts';

// What putting in variables takes and answers.

/** A name that stands for nothing, and where in the word. */
export interface Unset {
  readonly name: string;
  readonly at: number;
}

export interface Expanded {
  readonly text: string;
  /** Names that were asked for, whether or not they are set. */
  readonly used: ReadonlySet<string>;
  readonly unset: readonly Unset[];
  /** Where the text may be split at white space: it came of variables outside of quotes. */
  readonly fields: readonly string[];
}

/** What a word cannot be expanded for; `at` is an offset in it. */
export class ExpandError extends Error {
  override readonly name = 'ExpandError';
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

export interface Rules {
  /** The escape character of the file. */
  readonly esc: string;
  readonly budget: Budget;
  /** Quotes are letters, as in a heredoc. */
  readonly rawQuotes?: boolean;
  /** How long the result may be. */
  readonly limit?: number;
}

export type Lookup = (name: string) => string | undefined;

/** Comparisons of patterns in a build, a tenth of a second or so, and characters that its variables come to. */
export const budgetOf = (): Budget => ({ steps: 20_000_000, characters: 2 ** 26 });

/** MAX_ARG_STRLEN of Linux: no variable and no argument is longer, so that none needs to be. */
export const LONGEST = 131_072;
