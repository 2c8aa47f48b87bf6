import type { Expanded } from '../dockerfile/expansion.ts';
import type { Instruction, Stage, Word } from '../dockerfile/instruction.ts';
import type { Dockerfile } from '../dockerfile/parse/parse.ts';
import type { Problem } from '../dockerfile/problem.ts';
import type { Looked, Met } from './lint/rule.ts';
import { after, EMPTY, type Given, globalScope, type Scope, Words } from './scope.ts';
import { type Resolved, resolveStages, type Stages } from './stages.ts';

/** The words of an instruction that the builder expands; never those that a shell will. */
export function expandedWords(instruction: Instruction): Word[] {
  switch (instruction.kind) {
    case 'copy':
    case 'add': {
      const { sources, to, chown, chmod, checksum, exclude } = instruction;
      const named = sources.filter(({ kind }) => kind !== 'heredoc').map(({ word }) => word);
      return [...named, to, ...exclude, ...[chown, chmod, checksum].flatMap((word) => word ?? [])];
    }
    case 'env':
    case 'label':
      return instruction.pairs.flatMap(({ name, value }) => [name, value]);
    case 'arg':
      return instruction.args.flatMap(({ value }) => value ?? []);
    case 'expose':
    case 'volume':
      return [...instruction.words];
    case 'workdir':
    case 'user':
    case 'stopsignal':
      return [instruction.word];
    default:
      return [];
  }
}

/** A Dockerfile with everything expanded that can be without a base image, and what is wrong with that. */
export function look(
  file: Dockerfile,
  given: Given,
): { looked: Looked; stages: Stages; problems: readonly Problem[] } {
  const words = new Words(file.directives.esc);
  const stages = resolveStages(file, given, words);
  const met = meetAll(stages, given, words);
  const froms = stages.all.flatMap(({ stage }) =>
    [stage.base, ...(stage.platform ? [stage.platform] : [])].map((word) => ({
      stage,
      word,
      expanded: quiet(words, word, stages.globals),
    })),
  );
  const knows = ({ image }: Resolved) => image === 'scratch' || given.envOf?.(image) !== undefined;
  const defaults = defaultsOf(file, { ...given, args: new Map() }, stages.all);
  const looked = { file, given, globals: stages.globals, stages: stages.all, met, defaults, froms, knows };
  // a word that is put in twice is told of once
  const told = new Map(
    [...stages.problems, ...words.problems].map((one) => [JSON.stringify([one.message, one.range]), one]),
  );
  return { looked, stages, problems: [...told.values()] };
}

/** What went wrong has been told where the word was expanded first. */
function quiet(words: Words, word: Word, scope: Scope): Expanded {
  const before = words.problems.length;
  const expanded = words.in(word, scope);
  words.problems.length = before;
  return expanded;
}

function meetAll({ all, globals }: Stages, given: Given, words: Words) {
  const met: Met[] = [];
  const ends = new Map<Resolved, Scope>();
  for (const stage of all) {
    const env = given.envOf?.(stage.base);
    let scope = (stage.parent && ends.get(stage.parent)) ?? (env ? { ...EMPTY, env } : EMPTY);
    for (const instruction of stage.stage.body) {
      const found = expandedWords(instruction).map((word) => ({ word, expanded: words.in(word, scope) }));
      met.push({ instruction, stage, scope, words: found });
      scope = after(instruction, scope, { given, globals, words });
    }
    ends.set(stage, scope);
  }
  return met;
}

/** Base names as they are for who gives no --build-arg. */
function defaultsOf(
  file: Dockerfile,
  given: Given,
  stages: readonly Resolved[],
): ReadonlyMap<Stage, Expanded> {
  const words = new Words(file.directives.esc);
  const globals = globalScope(file.globals, given, words);
  return new Map(stages.map(({ stage }) => [stage, words.in(stage.base, globals)]));
}
