import type { Command as Program } from 'commander';
import { resolveRoots } from '../store/paths.ts';
import { addCommand, addGroup, addSummaries, commandPath } from './add-command.ts';
import { plainBooleans } from './booleans.ts';
import type { Command, Context } from './command.ts';
import { exitCodeOf, formatFailure, toFailure } from './fail.ts';
import { type Line, readLine } from './line.ts';
import { writeAnswer, writeDrawing, writeMessage } from './output/write.ts';
import { createProgram, unknownCommand, usageError } from './program.ts';
import { locate, type Place, type Verb } from './verb.ts';
import { TABLE } from './verbs.ts';

/** A verb with its arguments and options, waiting for a command line. */
interface Defined {
  readonly command: Command;
  readonly sub: Program;
  readonly context: { -readonly [field in keyof Context]: Context[field] };
}

/** Of the start-up snapshot: reading a command line is then all that is left to do. Each is good for one run. */
const prepared: { program?: Program; readonly verbs: Map<string, Defined> } = { verbs: new Map() };

/** Defines verbs ahead of their command line. */
export async function prepare(verbs: readonly Verb[]): Promise<void> {
  prepared.program = createProgram(OUTPUT);
  for (const verb of verbs) {
    const [name] = verb.names;
    prepared.verbs.set(name, await define([name], verb));
    await verb.hot?.also?.();
  }
}

/** How far a command line was understood. */
interface Progress {
  /** `tinyrun image ls`, for hints. */
  command: string;
  /** What the verb is called among ourselves. */
  verb?: string;
  debug: boolean;
}

/** Runs one command line and answers the exit code; everything is written when it resolves. */
export async function main(argv: readonly string[]): Promise<number> {
  const at: Progress = { command: 'tinyrun', debug: false };
  try {
    return await dispatch(argv, at);
  } catch (error) {
    const failure = toFailure(error);
    writeMessage(formatFailure(failure, at.command));
    if (at.debug && error instanceof Error) writeMessage(`${error.stack}\n`);
    return exitCodeOf(failure, at.verb, at.command);
  }
}

async function dispatch(argv: readonly string[], at: Progress): Promise<number> {
  const program = prepared.program ?? createProgram(OUTPUT);
  delete prepared.program;
  const line = await parsed(() => readLine(argv, program), program);
  if (line === undefined) return 0;
  at.debug = line.debug;
  const [first] = line.words;
  if (first === undefined || line.unread.length > 0) return await withoutVerb(line.unread);
  const place = locate(TABLE, line.words);
  if (!place) throw unknownCommand(first, TABLE);
  return place.is === 'group' ? await runGroup(place, at) : await runVerb(place, line, at);
}

async function runVerb(place: Place & { is: 'verb' }, line: Line, at: Progress): Promise<number> {
  const { verb, path, rest } = place;
  const [name] = verb.names;
  at.verb = name;
  const { command, sub, context } = (await takePrepared(path)) ?? (await define(path, verb));
  at.command = commandPath(sub);
  Object.assign(context, resolveRoots(line.roots, process.env), { debug: line.debug, command: at.command });
  const args = plainBooleans(rest, sub, command.passThrough === true);
  let isDone = false;
  try {
    await parsed(() => sub.parseAsync(args, { from: 'user' }), sub, name);
    isDone = context.exitCode === 0;
  } finally {
    context.looking?.end(isDone);
  }
  return context.exitCode;
}

function takePrepared(path: readonly string[]): Defined | undefined {
  const name = path.join(' ');
  const found = prepared.verbs.get(name);
  prepared.verbs.delete(name);
  return found;
}

/** A group without one of its verbs: its list, as docker prints it, or what is wrong with the word that follows. */
async function runGroup({ name, rest }: Place & { is: 'group' }, at: Progress): Promise<number> {
  const group = addGroup(createProgram(OUTPUT), TABLE, name);
  at.command = commandPath(group);
  await parsed(() => group.parseAsync(rest, { from: 'user' }), group, name);
  return 0;
}

async function withoutVerb(argv: readonly string[]): Promise<number> {
  const program = addSummaries(createProgram(OUTPUT), TABLE);
  await parsed(() => program.parseAsync(argv, { from: 'user' }), program);
  return 0;
}

async function define(path: readonly string[], verb: Verb): Promise<Defined> {
  const { command } = await verb.load();
  const context = { dataRoot: '', runRoot: '', command: '', debug: false, exitCode: 0, ...OUTPUT };
  return { command, sub: addCommand(createProgram(context), path, { verb, command }, context), context };
}

const OUTPUT: Pick<Context, 'out' | 'err' | 'draw'> = {
  out: writeAnswer,
  err: writeMessage,
  draw: writeDrawing,
};

/** What commander makes of a line with `program`; undefined when it answered itself: help, the version. */
async function parsed<T>(parse: () => T | Promise<T>, program: Program, name = ''): Promise<T | undefined> {
  try {
    return await parse();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === 'commander.helpDisplayed' || code === 'commander.version') return undefined;
    if (code === 'commander.help') {
      program.outputHelp();
      return undefined;
    }
    if (code?.startsWith('commander.')) throw usageError({ code, message }, program, name);
    throw error;
  }
}
