import type { ExecConfig } from '../../engine/config/types.ts';
import { createEngine } from '../../engine/engine.ts';
import type { Watch } from '../../engine/run.ts';
import type { Command, Context } from '../command.ts';
import { formatFailure, toFailure } from '../fail.ts';
import { HOST } from '../flags/group.ts';
import { parseDetachKeys } from '../flags/parse/detach-keys.ts';
import { defineProgram, type ProgramFlags, processFlags, readProgram } from '../flags/process.ts';
import { type Given, inFlags } from '../flags/word.ts';

interface Flags extends Given, ProgramFlags {
  readonly detach?: boolean;
  readonly detachKeys?: string;
  readonly privileged?: boolean;
  readonly explain?: boolean;
  readonly trace?: boolean;
  readonly json?: boolean;
}

export const command: Command = {
  explains: true,
  usage: '[options] CONTAINER COMMAND [ARG...]',
  passThrough: true,
  examples: [
    'tinyrun exec -it web sh',
    'tinyrun exec web cat /etc/hosts',
    'tinyrun exec -u nobody -w /tmp -e LEVEL=3 web env',
    'tinyrun exec -i db sh -c "cat >/tmp/dump" <dump',
    'tinyrun exec -d web touch /tmp/here',
    'tinyrun exec -it --detach-keys ctrl-x web top',
    'tinyrun exec --explain web true',
  ],
  define(program, context) {
    program
      .argument('<container>')
      .argument('<command...>')
      .action((container: string, args: string[], flags: Flags) => exec(container, args, flags, context));
    defineProgram(program, "working directory instead of the container's")
      .option('-d, --detach', 'do not wait for the program: it has no input, and what it writes is nobody’s')
      .option('--detach-keys <KEYS>', 'leave its terminal by these keys; ctrl-p,ctrl-q without')
      .option('--privileged', 'every capability')
      .option('--explain', 'print the plan and run nothing')
      .option('--trace', 'run, and print each step with its result and time')
      .option('--json', 'the plan as JSON');
  },
};

async function exec(container: string, args: string[], flags: Flags, context: Context): Promise<void> {
  const given = readProgram(flags, HOST);
  // with -d nobody is there to type, as Docker has it
  const openStdin = given.openStdin && !flags.detach;
  const config: ExecConfig = { ...given, openStdin, args, privileged: flags.privileged };
  try {
    await act(container, config, flags, context);
  } catch (error) {
    const worded = inFlags(error, processFlags.names, flags, config);
    if (!flags.detach) throw worded;
    // Docker's codes of a program that cannot be started are for who waits for it
    context.err(formatFailure(toFailure(worded), context.command));
    context.exitCode = 1;
  }
}

async function act(container: string, config: ExecConfig, flags: Flags, context: Context): Promise<void> {
  const { detach = false, explain, trace, json = false } = flags;
  const engine = createEngine(context);
  if (explain || (json && !trace)) {
    const { printPlan } = await import('../output/explain-run.ts');
    const { booksOfExec } = await import('../../engine/books.ts');
    const plan = engine.explainExec(container, config, { detach });
    const { record } = engine.find(container);
    const books = booksOfExec(context, record, detach || config.tty === true);
    return printPlan(plan, json, context, books);
  }
  const detachKeys = flags.detachKeys === undefined ? undefined : parseDetachKeys(flags.detachKeys);
  if (detach) {
    await engine.execDetached(container, config);
    return;
  }
  const watch: Watch = trace ? (await import('../output/trace-run.ts')).traced(json, context) : {};
  const { exitCode, isDetached } = await engine.exec(
    container,
    config,
    { blocking: true, detachKeys },
    watch,
  );
  // as Docker's ends
  if (isDetached) context.err('read escape sequence\n');
  context.exitCode = isDetached ? 1 : exitCode;
}
