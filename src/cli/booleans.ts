import type { Option, Command as Program } from 'commander';
import { TinyrunError } from '../errors.ts';
import { booleanOf } from '../store/words.ts';

/**
 * `--rm=true` and `--init=false`, which Go's flags know and commander does not: the first becomes `--rm`, the second
 * goes, or becomes `--no-…` where the flag is on by itself. `args` are those after the verb; where the verb passes
 * arguments on, they are left alone from the first that is no flag.
 */
export function plainBooleans(args: readonly string[], program: Program, passThrough: boolean): string[] {
  const result: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--' || (passThrough && !arg.startsWith('-'))) return [...result, ...args.slice(i)];
    const words = plain(arg, program.options);
    result.push(...words);
    if (words[0] === arg && takesNext(arg, program.options) && i + 1 < args.length)
      result.push(args[++i] ?? '');
  }
  return result;
}

/** `-it=false` is `-i`, as with pflag: the value is the last letter's. */
function plain(arg: string, options: readonly Option[]): readonly string[] {
  const [, flag = '', value = ''] = /^(--[^=]+|-[^-=]+)=(.*)$/s.exec(arg) ?? [];
  if (flag === '') return [arg];
  const names = flag.startsWith('--') ? [flag] : [...flag.slice(1)].map((letter) => `-${letter}`);
  const found = names.map((name) => options.find(({ long, short }) => long === name || short === name));
  if (!found.every((option) => option?.isBoolean())) return [arg];
  const last = names.pop() ?? '';
  const truth = booleanOf(value);
  if (truth === undefined)
    throw new TinyrunError('FLAG', `${last} ${JSON.stringify(value)}: not a boolean`, {
      hint: 'the words are true and false, t and f, 1 and 0',
    });
  return [...names, ...(truth ? [last] : negationOf(last, options))];
}

/** Of a flag that is on by itself. */
function negationOf(name: string, options: readonly Option[]): string[] {
  const long = options.find((option) => option.short === name)?.long ?? name;
  const negation = long.replace(/^--/, '--no-');
  return options.some(({ long }) => long === negation) ? [negation] : [];
}

const takesNext = (arg: string, options: readonly Option[]): boolean =>
  valueOption(arg, options) !== undefined;

/** The flag whose value the next argument is: `--env A=1`, `-e A=1`, `-ite A=1`. */
export function valueOption(arg: string, options: readonly Option[]): Option | undefined {
  if (arg.startsWith('--')) return options.find((o) => o.long === arg && o.required);
  if (!/^-[^-]/.test(arg)) return undefined;
  for (let i = 1; i < arg.length; i++) {
    const option = options.find((candidate) => candidate.short === `-${arg[i]}`);
    if (option?.required) return i === arg.length - 1 ? option : undefined;
  }
  return undefined;
}
