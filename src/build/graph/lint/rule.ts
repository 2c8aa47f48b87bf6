import type { Expanded } from '../../dockerfile/expansion.ts';
import type { Instruction, Stage, Word } from '../../dockerfile/instruction.ts';
import type { Dockerfile } from '../../dockerfile/parse/parse.ts';
import type { Range } from '../../dockerfile/source.ts';
import type { Given, Scope } from '../scope.ts';
import type { Resolved } from '../stages.ts';

/** An instruction as a rule meets it: in its stage, with what its words may name. */
export interface Met {
  readonly instruction: Instruction;
  readonly stage: Resolved;
  readonly scope: Scope;
  /** Its words that are expanded, with what they come to. */
  readonly words: readonly { readonly word: Word; readonly expanded: Expanded }[];
}

/** What rules look at. */
export interface Looked {
  readonly file: Dockerfile;
  readonly given: Given;
  readonly globals: Scope;
  readonly stages: readonly Resolved[];
  /** Whether the variables that a stage begins with are known: of its image, or of nothing. */
  readonly knows: (stage: Resolved) => boolean;
  /** Instructions of all stages, in order. */
  readonly met: readonly Met[];
  /** Base names with nothing but the defaults of global ARGs: '' where one has none. */
  readonly defaults: ReadonlyMap<Stage, Expanded>;
  /** FROM's words, base and platform. */
  readonly froms: readonly { readonly stage: Stage; readonly word: Word; readonly expanded: Expanded }[];
}

export interface Found {
  readonly range: Range;
  readonly message: string;
  readonly suggestion?: string | undefined;
}

/** One of BuildKit's checks. @see https://docs.docker.com/reference/build-checks/ */
export interface Rule {
  readonly name: string;
  readonly description: string;
  /** The last part of its page's address; the name with dashes where nothing is said. */
  readonly page?: string;
  /** Not asked unless by name. */
  readonly experimental?: true;
  find(looked: Looked): Iterable<Found>;
}
