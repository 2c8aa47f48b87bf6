import type { Command as Program } from 'commander';
import { plainBooleans } from './booleans.ts';
import type { Command, Context } from './command.ts';
import { findCommand } from './commands.ts';
import { exitCodeOf, formatFailure, toFailure } from './fail.ts';
import { findVerb, isDebug, rootsOf, verbIndex } from './globals.ts';
import { writeAnswer, writeDrawing, writeMessage } from './output/write.ts';
import {
  addCommand,
  addSummaries,
  commandPath,
  createProgram,
  unknownCommand,
  usageError,
} from './program.ts';

/** A verb with its arguments and options, waiting for a command line. */
interface Defined {
  readonly command: Command;
  readonly program: Program;
  readonly sub: Program;
  readonly context: { -readonly [field in keyof Context]: Context[field] };
}

/** Verbs of the start-up snapshot: reading a command line is then all that is left to do. */
const prepared = new Map<string, Defined>();

/** Defines verbs ahead of their command line, each for one run. */
export async function prepare(names: readonly string[]): Promise<void> {
  for (const name of names) prepared.set(name, await define(name));
}

/** Runs one command line and answers the exit code; everything is written when it resolves. */
export async function main(argv: readonly string[]): Promise<number> {
  const at = { command: 'tinyrun' };
  try {
    return await dispatch(helpAsFlag(argv), at);
  } catch (error) {
    const failure = toFailure(error);
    writeMessage(formatFailure(failure, at.command));
    if (isDebug(argv) && error instanceof Error) writeMessage(`${error.stack}\n`);
    return exitCodeOf(failure, findVerb(argv), at.command);
  }
}

/** `at` is told which command it turned out to be, for hints. */
async function dispatch(argv: readonly string[], at: { command: string }): Promise<number> {
  const name = findVerb(argv);
  if (name === undefined) return await withoutVerb(argv);
  const { command, program, sub, context } = prepared.get(name) ?? (await define(name));
  at.command = commandPath(deepest(sub, argv));
  // known before commander runs, since a command's action already needs them
  Object.assign(context, rootsOf(argv), { debug: isDebug(argv), command: at.command });
  const verb = verbIndex(argv) + 1;
  const rest = plainBooleans(argv.slice(verb), sub, command.passThrough === true);
  await parse(program, [...argv.slice(0, verb), ...rest], sub);
  return context.exitCode;
}

/** `tinyrun help run` is `tinyrun run --help`. */
function helpAsFlag(argv: readonly string[]): readonly string[] {
  const [first, ...names] = argv;
  return first === 'help' ? [...names, '--help'] : argv;
}

async function withoutVerb(argv: readonly string[]): Promise<number> {
  const program = addSummaries(createProgram(OUTPUT));
  if (argv.length > 0) await parse(program, argv);
  else program.outputHelp();
  return 0;
}

async function define(name: string): Promise<Defined> {
  const entry = findCommand(name);
  if (!entry) throw unknownCommand(name);
  const { command } = await entry.load();
  const context = { dataRoot: '', runRoot: '', command: '', debug: false, exitCode: 0, ...OUTPUT };
  const program = createProgram(context);
  const sub = addCommand(program, command, context);
  if (command.name !== name) sub.alias(name);
  return { command, program, sub, context };
}

const OUTPUT: Pick<Context, 'out' | 'err' | 'draw'> = {
  out: writeAnswer,
  err: writeMessage,
  draw: writeDrawing,
};

async function parse(program: Program, argv: readonly string[], verb: Program = program): Promise<void> {
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === 'commander.helpDisplayed' || code === 'commander.version') return;
    // a group without a subcommand: its list, as docker prints it
    if (code === 'commander.help') return deepest(verb, argv).outputHelp();
    if (code?.startsWith('commander.')) throw usageError({ code, message }, deepest(verb, argv));
    throw error;
  }
}

/** The subcommand that was being read, for its flags: `image ls` of `tinyrun image ls --frob`. */
function deepest(verb: Program, argv: readonly string[]): Program {
  const named = (word: string) =>
    verb.commands.find((candidate) => candidate.name() === word || candidate.aliases().includes(word));
  const [sub] = argv.flatMap((word) => named(word) ?? []);
  return sub && verb.parent ? deepest(sub, argv) : verb;
}
