import type { ExecConfig } from '../../engine/config/types.ts';
import { createEngine } from '../../engine/engine.ts';
import type { Watch } from '../../engine/run.ts';
import type { Command, Context } from '../command.ts';
import { HOST } from '../flags/group.ts';
import { defineProgram, type ProgramFlags, processFlags, readProgram } from '../flags/process.ts';
import { type Given, inFlags } from '../flags/word.ts';

interface Flags extends Given, ProgramFlags {
  readonly detach?: boolean;
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
    'tinyrun exec --explain web true',
  ],
  define(program, context) {
    program
      .argument('<container>')
      .argument('<command...>')
      .action((container: string, args: string[], flags: Flags) => exec(container, args, flags, context));
    defineProgram(program, "working directory instead of the container's")
      .option('-d, --detach', 'do not wait for the program: it has no input, and what it writes is nobody’s')
      .option('--privileged', 'every capability')
      .option('--explain', 'print the plan and run nothing')
      .option('--trace', 'run, and print each step with its result and time')
      .option('--json', 'the plan as JSON');
  },
};

async function exec(container: string, args: string[], flags: Flags, context: Context): Promise<void> {
  const config: ExecConfig = { ...readProgram(flags, HOST), args, privileged: flags.privileged };
  try {
    await act(container, config, flags, context);
  } catch (error) {
    throw inFlags(error, processFlags.names, flags, config);
  }
}

async function act(container: string, config: ExecConfig, flags: Flags, context: Context): Promise<void> {
  const { detach, explain, trace, json = false } = flags;
  const engine = createEngine(context);
  if (explain || (json && !trace)) {
    const { printPlan } = await import('../output/explain-run.ts');
    const { booksOfExec } = await import('../../engine/books.ts');
    return printPlan(engine.explainExec(container, config), json, context, booksOfExec(context));
  }
  const watch: Watch = trace ? (await import('../output/trace-run.ts')).traced(json, context) : {};
  const control = { blocking: true };
  if (detach) await engine.execDetached(container, config, control, watch);
  else context.exitCode = (await engine.exec(container, config, control, watch)).exitCode;
}
