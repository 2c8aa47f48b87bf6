import type { Line } from '../dockerfile/lines.ts';
import type { Range } from '../dockerfile/source.ts';
import type { Looked } from './lint/rule.ts';
import { PREDEFINED } from './scope.ts';
import { type Resolved, reachable, type Stages } from './stages.ts';

/** What a build of a target may be given. @see https://docs.docker.com/reference/cli/docker/buildx/build/#call-outline */
export interface Outline {
  readonly name?: string;
  readonly description?: string;
  readonly args: readonly OutlineArg[];
  readonly secrets: readonly OutlineNeed[];
  readonly ssh: readonly OutlineNeed[];
  readonly cache: readonly { readonly id: string; readonly range: Range }[];
}

export interface OutlineArg {
  readonly name: string;
  readonly description?: string;
  readonly value?: string;
  readonly range: Range;
}

export interface OutlineNeed {
  readonly name: string;
  readonly required: boolean;
  readonly range: Range;
}

export interface TargetLine {
  readonly name?: string;
  readonly isDefault: boolean;
  readonly description?: string;
  readonly base: string;
  readonly platform?: string;
  readonly range: Range;
}

/** `# name what it is for`, straight above. */
function descriptionOf({ comment }: Line, name: string | undefined): string | undefined {
  const last = comment.at(-1);
  if (name === undefined || !last?.startsWith(`${name} `)) return undefined;
  return last.slice(name.length + 1).trim();
}

const described = (text: string | undefined) => (text === undefined ? {} : { description: text });

export function outlineOf(target: Resolved, stages: Stages, { met, file }: Looked): Outline {
  const wanted = new Set(reachable(stages, target));
  const args = new Map<string, OutlineArg>();
  const secrets = new Map<string, OutlineNeed>();
  const ssh = new Map<string, OutlineNeed>();
  const cache = new Map<string, { id: string; range: Range }>();
  const addArg = (line: Line, arg: OutlineArg) => {
    if (PREDEFINED.has(arg.name) || args.has(arg.name)) return;
    args.set(arg.name, { ...arg, ...described(descriptionOf(line, arg.name)) });
  };
  for (const { args: own, line, range } of file.globals)
    for (const { name } of own) {
      const value = stages.globals.args.get(name.text);
      addArg(line, { name: name.text, ...(value !== undefined && { value }), range });
    }
  for (const { instruction, stage, words } of met) {
    if (!wanted.has(stage)) continue;
    if (instruction.kind === 'arg')
      for (const { name, value } of instruction.args) {
        const own = words.find(({ word }) => word === value)?.expanded.text;
        addArg(instruction.line, {
          name: name.text,
          ...(own !== undefined && { value: own }),
          range: instruction.range,
        });
      }
    if (instruction.kind !== 'run') continue;
    for (const { type, fields, required = false } of instruction.mounts) {
      const target = fields.get('target') ?? '';
      const id =
        fields.get('id') ??
        (type === 'ssh' ? 'default' : type === 'secret' ? (target.split('/').at(-1) ?? '') : target);
      const need = { name: id, required, range: instruction.range };
      if (type === 'secret') secrets.set(id, secrets.get(id)?.required ? need : { ...need, required });
      if (type === 'ssh') ssh.set(id, need);
      if (type === 'cache') cache.set(id, { id, range: instruction.range });
    }
  }
  const { name, line } = target.stage;
  return {
    ...(name !== undefined && { name }),
    ...described(descriptionOf(line, name)),
    args: [...args.values()],
    secrets: [...secrets.values()],
    ssh: [...ssh.values()],
    cache: [...cache.values()],
  };
}

/** The stages that one may build by name, and the last. */
export function targetsOf({ all }: Stages): TargetLine[] {
  return all.map(({ stage, base, platform }, at) => ({
    ...(stage.name !== undefined && { name: stage.name }),
    isDefault: at === all.length - 1,
    ...described(descriptionOf(stage.line, stage.name)),
    base,
    ...(platform !== undefined && { platform }),
    range: stage.range,
  }));
}
