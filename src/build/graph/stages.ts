import { suggest } from '../../store/suggest.ts';
import type { Instruction, Stage, Word } from '../dockerfile/instruction.ts';
import type { Dockerfile } from '../dockerfile/parse/parse.ts';
import type { Problem } from '../dockerfile/problem.ts';
import { type Given, globalScope, type Scope, type Words } from './scope.ts';

/** A stage whose FROM is expanded. */
export interface Resolved {
  readonly stage: Stage;
  readonly base: string;
  readonly platform?: string;
  /** The stage that it goes on from. */
  readonly parent?: Resolved;
  /** The image, or `scratch`, that it goes back to. */
  readonly image: string;
  /** Indexes of those that it copies or mounts from. */
  readonly inputs: readonly number[];
}

export interface Stages {
  readonly all: readonly Resolved[];
  readonly globals: Scope;
  readonly problems: readonly Problem[];
}

const stageProblem = (message: string, word: Word, near?: string): Problem => ({
  rule: 'stage',
  severity: 'error',
  message,
  range: word.range,
  ...(near !== undefined && { suggestion: near }),
});

/** The FROM lines, expanded, and who needs whom. Only stages before one are known to it, so that there are no cycles but its own. */
export function resolveStages(file: Dockerfile, given: Given, words: Words): Stages {
  const problems: Problem[] = [];
  const globals = globalScope(file.globals, given, words);
  const all: Resolved[] = [];
  const byName = new Map<string, Resolved>();
  for (const stage of file.stages) {
    const base = words.in(stage.base, globals).text;
    if (base === '')
      problems.push(
        stageProblem(`base name (${stage.base.text.slice(0, 64)}) should not be blank`, stage.base),
      );
    const platform = stage.platform && words.in(stage.platform, globals).text;
    const parent = byName.get(base.toLowerCase());
    const inputs = inputsOf(stage, byName, all, problems);
    const resolved: Resolved = {
      stage,
      base,
      ...(platform !== undefined && platform !== '' && { platform }),
      ...(parent && { parent }),
      image: parent?.image ?? base,
      inputs,
    };
    all.push(resolved);
    if (stage.name !== undefined) byName.set(stage.name, resolved);
  }
  return { all, globals, problems };
}

/** What an instruction takes files from: `--from` of COPY, `from=` of mounts. */
export function fromsOf(instruction: Instruction): Word[] {
  if (instruction.kind === 'copy') return instruction.from ? [instruction.from] : [];
  if (instruction.kind !== 'run') return [];
  return instruction.mounts.flatMap(({ fields, range }) => {
    const text = fields.get('from');
    return text === undefined ? [] : [{ text, range }];
  });
}

function inputsOf(
  stage: Stage,
  byName: ReadonlyMap<string, Resolved>,
  before: readonly Resolved[],
  problems: Problem[],
): number[] {
  const found = new Set<number>();
  for (const word of stage.body.flatMap(fromsOf)) {
    const name = word.text.toLowerCase();
    if (name === stage.name || (/^\d+$/.test(name) && Number(name) === stage.index)) {
      problems.push(stageProblem(`circular dependency detected on stage: ${name}`, word));
      continue;
    }
    const input = byName.get(name) ?? (/^\d{1,9}$/.test(name) ? before[Number(name)] : undefined);
    if (input) found.add(input.stage.index);
    else if (/^\d+$/.test(name))
      problems.push(
        stageProblem(
          `invalid from flag value ${word.text.slice(0, 64)}: there is no stage of that number before this one`,
          word,
        ),
      );
  }
  return [...found].sort((a, b) => a - b);
}

/** The stage of a name or number, the last one without; what there is none of is a problem. */
export function targetOf({ all }: Stages, target: string | undefined): Resolved | string {
  const last = all.at(-1);
  if (target === undefined) return last ?? 'dockerfile contains no stages to build';
  const named = all.findLast(({ stage }) => stage.name === target.toLowerCase());
  const found = named ?? (/^\d{1,9}$/.test(target) ? all[Number(target)] : undefined);
  if (found) return found;
  const names = all.flatMap(({ stage }) => stage.name ?? []);
  const [near] = suggest(target.toLowerCase(), names);
  return `target stage "${target}" could not be found${near === undefined ? '' : ` (did you mean ${near}?)`}`;
}

/** All that a stage needs, itself included, in the order of the file. */
export function reachable({ all }: Stages, target: Resolved): Resolved[] {
  const wanted = new Set<number>();
  const todo = [target];
  for (let next = todo.pop(); next; next = todo.pop()) {
    if (wanted.has(next.stage.index)) continue;
    wanted.add(next.stage.index);
    if (next.parent) todo.push(next.parent);
    for (const index of next.inputs) todo.push(...(all[index] ? [all[index]] : []));
  }
  return all.filter(({ stage }) => wanted.has(stage.index));
}
