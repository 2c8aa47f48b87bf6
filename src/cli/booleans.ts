import type { Option, Command as Program } from 'commander';

/**
 * `--rm=true` and `--init=false`, which Go's flags know and commander does not: the first becomes `--rm`, the second
 * goes. `args` are those after the verb; where the verb passes arguments on, they are left alone from the first
 * that is no flag.
 */
export function plainBooleans(args: readonly string[], program: Program, passThrough: boolean): string[] {
  const result: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--' || (passThrough && !arg.startsWith('-'))) return [...result, ...args.slice(i)];
    const [, name, value] = /^(--[^=]+)=(.*)$/s.exec(arg) ?? [];
    const option = program.options.find((candidate) => candidate.long === name);
    const truth = option?.isBoolean() ? booleanOf(value) : undefined;
    if (truth === undefined) result.push(arg);
    else if (truth && name) result.push(name);
    if (takesNext(arg, program.options) && i + 1 < args.length) result.push(args[++i] ?? '');
  }
  return result;
}

/** strconv.ParseBool's words. */
function booleanOf(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text) ? false : undefined;
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
