import { TinyrunError } from '../errors.ts';
import { type Roots, resolveRoots } from '../store/paths.ts';

// The flags before the verb. They are read by hand: commander learns the verb's own flags only once the verb is known.

const GLOBAL_VALUES = ['--data-root', '--run-root'];

/** Where the first argument stands that is neither a global flag nor its value; -1 without one. */
export function verbIndex(argv: readonly string[]): number {
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] ?? '';
    if (!arg.startsWith('-')) return i;
    if (GLOBAL_VALUES.includes(arg)) i++;
  }
  return -1;
}

export const findVerb = (argv: readonly string[]): string | undefined => argv[verbIndex(argv)];

export function rootsOf(argv: readonly string[]): Roots {
  const values = { dataRoot: globalValue(argv, '--data-root'), runRoot: globalValue(argv, '--run-root') };
  return resolveRoots(values, process.env);
}

export function isDebug(argv: readonly string[]): boolean {
  const globals = globalsOf(argv);
  return globals.includes('--debug') || globals.includes('-D');
}

function globalsOf(argv: readonly string[]): readonly string[] {
  const verb = verbIndex(argv);
  return verb < 0 ? argv : argv.slice(0, verb);
}

function globalValue(argv: readonly string[], flag: string): string | undefined {
  const globals = globalsOf(argv);
  for (const [i, arg] of globals.entries()) {
    if (arg.startsWith(`${flag}=`)) return arg.slice(flag.length + 1);
    if (arg !== flag) continue;
    const value = globals[i + 1];
    if (value === undefined) throw new TinyrunError('FLAG', `${flag} needs a directory`);
    return value;
  }
  return undefined;
}
