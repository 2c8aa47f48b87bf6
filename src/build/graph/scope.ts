import { dict } from '../../store/dict.ts';
import { expand } from '../dockerfile/expand.ts';
import { budgetOf, ExpandError, type Expanded, type Rules } from '../dockerfile/expansion.ts';
import type { Instruction, Word } from '../dockerfile/instruction.ts';
import type { Problem } from '../dockerfile/problem.ts';

/** A platform's parts; `linux/arm64/v8`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** Those that need no ARG in front of the first FROM. @see https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope */
export function platformArgs(build: Platform, target: Platform, stage: string): Map<string, string> {
  const of = (prefix: string, { os, architecture, variant = '' }: Platform): [string, string][] => [
    [`${prefix}PLATFORM`, [os, architecture, variant].filter((part) => part !== '').join('/')],
    [`${prefix}OS`, os],
    [`${prefix}ARCH`, architecture],
    [`${prefix}VARIANT`, variant],
  ];
  return new Map([...of('BUILD', build), ...of('TARGET', target), ['TARGETSTAGE', stage]]);
}

/** Those that each stage has without an ARG, and no image keeps. @see https://docs.docker.com/reference/dockerfile/#predefined-args */
export const PREDEFINED: ReadonlySet<string> = new Set(
  'HTTP_PROXY http_proxy HTTPS_PROXY https_proxy FTP_PROXY ftp_proxy NO_PROXY no_proxy ALL_PROXY all_proxy'.split(
    ' ',
  ),
);

/** What a build was given. */
export interface Given {
  readonly args: ReadonlyMap<string, string>;
  readonly platforms: ReadonlyMap<string, string>;
  /** ENV of a base image; undefined for one that is not stored. */
  envOf?(base: string): ReadonlyMap<string, string> | undefined;
}

/** What words of one place in a Dockerfile may name: ENV before ARG. */
export interface Scope {
  readonly env: ReadonlyMap<string, string>;
  readonly args: ReadonlyMap<string, string>;
  /** Declared, whether or not they have a value. */
  readonly declared: ReadonlySet<string>;
}

export const EMPTY: Scope = { env: new Map(), args: new Map(), declared: new Set() };

/** Of a copied name, in characters of the budget. */
const COST_OF_NAME = 64;

/** Puts words of a Dockerfile in: what cannot be is a problem of the word. */
export class Words {
  readonly problems: Problem[] = [];
  readonly #rules: Rules;

  constructor(esc: string) {
    this.#rules = { esc, budget: budgetOf() };
  }

  /** Whether a scope of so many names may be copied: they are kept for each line, and a megabyte of ENV has 80,000. */
  affords({ env, args }: Scope, { range }: Instruction): boolean {
    const { budget } = this.#rules;
    if (budget.characters <= 0) return false;
    budget.characters -= (env.size + args.size) * COST_OF_NAME;
    if (budget.characters > 0) return true;
    const message = 'too many variables: no Dockerfile needs a million in all its lines';
    this.problems.push({ rule: 'expand', severity: 'error', message, range });
    return false;
  }

  in(word: Word, scope: Scope, options: Partial<Rules> = {}): Expanded {
    const lookup = (name: string) => scope.env.get(name) ?? scope.args.get(name);
    try {
      return expand(word.text, lookup, { ...this.#rules, ...options, ...(word.json && { rawQuotes: true }) });
    } catch (error) {
      if (!(error instanceof ExpandError)) throw error;
      this.problems.push({ rule: 'expand', severity: 'error', message: error.message, range: word.range });
      return { text: '', used: new Set(), unset: [], fields: [] };
    }
  }
}

/** One ARG: --build-arg, then the default, then what a global of that name has. */
function valueOfArg(
  name: string,
  own: string | undefined,
  { given, globals }: { given: Given; globals: ReadonlyMap<string, string> },
): string | undefined {
  return given.args.get(name) ?? own ?? globals.get(name) ?? given.platforms.get(name);
}

/** The global scope, after all ARGs before the first FROM; `--build-arg` and platforms are in it. */
export function globalScope(
  globals: readonly Instruction[],
  given: Given,
  words: Words,
  onWord: (word: Word, expanded: Expanded) => void = () => {},
): Scope {
  const args = new Map(given.platforms);
  const declared = new Set(given.platforms.keys());
  for (const one of globals) {
    if (one.kind !== 'arg') continue;
    for (const { name, value } of one.args) {
      const own = value && words.in(value, { env: new Map(), args, declared });
      if (value && own) onWord(value, own);
      declared.add(name.text);
      const found = given.args.get(name.text) ?? own?.text ?? given.platforms.get(name.text);
      if (found === undefined) args.delete(name.text);
      else args.set(name.text, found);
    }
  }
  return { env: new Map(), args, declared };
}

/** The scope behind an instruction: ENV and ARG change it. All values of a line see what was before the line. */
export function after(
  instruction: Instruction,
  scope: Scope,
  from: { given: Given; globals: Scope; words: Words },
): Scope {
  if (instruction.kind !== 'env' && instruction.kind !== 'arg') return scope;
  if (!from.words.affords(scope, instruction)) return scope;
  if (instruction.kind === 'env') {
    const env = new Map(scope.env);
    for (const { name, value } of instruction.pairs)
      env.set(from.words.in(name, scope).text, from.words.in(value, scope).text);
    return { ...scope, env };
  }
  if (instruction.kind !== 'arg') return scope;
  const args = new Map(scope.args);
  const declared = new Set(scope.declared);
  for (const { name, value } of instruction.args) {
    const own = value && from.words.in(value, { ...scope, args }).text;
    declared.add(name.text);
    const found = valueOfArg(name.text, own, { given: from.given, globals: from.globals.args });
    if (found === undefined) args.delete(name.text);
    else args.set(name.text, found);
  }
  return { ...scope, args, declared };
}

/** A table of names to values, for JSON. */
export const plainOf = (map: ReadonlyMap<string, string>): Readonly<Record<string, string>> =>
  dict(Object.fromEntries(map));
