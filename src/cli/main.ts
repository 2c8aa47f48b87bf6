import type { Command as Program } from 'commander';
import { TinyrunError } from '../errors.ts';
import { resolveRoots } from '../store/paths.ts';
import { plainBooleans } from './booleans.ts';
import type { Context } from './command.ts';
import { findCommand } from './commands.ts';
import { formatFailure, toFailure } from './fail.ts';
import { writeAll } from './output/write.ts';
import { addCommand, addSummaries, createProgram, unknownCommand, usageError } from './program.ts';

/** Runs one command line and answers the exit code; everything is written when it resolves. */
export async function main(argv: readonly string[]): Promise<number> {
  const context = createContext(argv);
  try {
    await dispatch(argv, context);
    return context.exitCode;
  } catch (error) {
    const failure = toFailure(error);
    context.err(formatFailure(failure));
    if (context.debug && error instanceof Error) context.err(`${error.stack}\n`);
    return failure.exitCode;
  }
}

async function dispatch(argv: readonly string[], context: Context): Promise<void> {
  const program = createProgram(context);
  const name = findVerb(argv);
  if (name === undefined) {
    addSummaries(program);
    return argv.length > 0 ? parse(program, argv) : program.outputHelp();
  }
  const entry = findCommand(name);
  if (!entry) throw unknownCommand(name);
  const { command } = await entry.load();
  const sub = addCommand(program, command, context);
  if (command.name !== name) sub.alias(name);
  const verb = argv.indexOf(name) + 1;
  const rest = plainBooleans(argv.slice(verb), sub, command.passThrough === true);
  await parse(program, [...argv.slice(0, verb), ...rest], sub);
}

async function parse(program: Program, argv: readonly string[], verb: Program = program): Promise<void> {
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === 'commander.helpDisplayed' || code === 'commander.version') return;
    if (code?.startsWith('commander.')) throw usageError(message, deepest(verb, argv));
    throw error;
  }
}

/** The subcommand that was being read, for its flags: `image ls` of `tinyrun image ls --frob`. */
function deepest(verb: Program, argv: readonly string[]): Program {
  const sub = verb.commands.find((candidate) => argv.includes(candidate.name()));
  return sub && verb.parent ? deepest(sub, argv) : verb;
}

const GLOBAL_VALUES = ['--data-root', '--run-root'];

/** The first argument that is neither a global flag nor its value. */
export function findVerb(argv: readonly string[]): string | undefined {
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] ?? '';
    if (!arg.startsWith('-')) return arg;
    if (GLOBAL_VALUES.includes(arg)) i++;
  }
  return undefined;
}

/** Global options are read before commander runs, since a command's action already needs them. */
function createContext(argv: readonly string[]): Context {
  const roots = resolveRoots(
    { dataRoot: globalValue(argv, '--data-root'), runRoot: globalValue(argv, '--run-root') },
    process.env,
  );
  const before = argv.slice(0, argv.indexOf(findVerb(argv) ?? ''));
  return {
    ...roots,
    debug: before.includes('--debug') || before.includes('-D'),
    exitCode: 0,
    out: (text) => writeAll(1, text),
    err: (text) => writeAll(2, text),
  };
}

function globalValue(argv: readonly string[], flag: string): string | undefined {
  const verb = findVerb(argv);
  for (let i = 0; i < argv.length && argv[i] !== verb; i++) {
    const arg = argv[i] ?? '';
    if (arg.startsWith(`${flag}=`)) return arg.slice(flag.length + 1);
    if (arg !== flag) continue;
    const value = argv[i + 1];
    if (value === undefined) throw new TinyrunError('USAGE', `${flag} needs a directory`);
    return value;
  }
  return undefined;
}
