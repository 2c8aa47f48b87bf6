import { createEngine } from '../../engine/engine.ts';
import { TinyrunError } from '../../errors.ts';
import { forwardSignals } from '../../runtime/signals.ts';
import type { Command, Context } from '../command.ts';
import { forEach } from '../each.ts';
import { exitCodeAfter } from '../exit-code.ts';
import { parseDetachKeys } from '../flags/parse/detach-keys.ts';
import { showPlan } from '../output/explain-run.ts';

interface Flags {
  readonly attach?: boolean;
  readonly interactive?: boolean;
  readonly sigProxy: boolean;
  readonly detachKeys?: string;
  readonly explain?: boolean;
  readonly undo?: boolean;
  readonly json?: boolean;
}

export const command: Command = {
  explains: true,
  usage: '[options] CONTAINER [CONTAINER...]',
  examples: [
    'tinyrun start web',
    'tinyrun start web db',
    'tinyrun start -ai box',
    'tinyrun start --explain web',
  ],
  define(program, context) {
    program
      .argument('<container...>')
      .option('-a, --attach', 'show what it writes, pass signals on, and end as it does')
      .option('-i, --interactive', 'the same, and pass on what is typed')
      .option('--sig-proxy', 'with --attach: pass signals to tinyrun on to the program', true)
      .option('--no-sig-proxy', 'keep them from it, as --sig-proxy=false does')
      .option('--detach-keys <KEYS>', 'leave its terminal by these keys; ctrl-p,ctrl-q without')
      .option('--explain', 'print the plan and start nothing')
      .option('--undo', 'with --explain: what takes the plan back, last step first')
      .option('--json', 'the plan as JSON')
      .action((containers: string[], flags: Flags) => start(containers, flags, context));
  },
};

async function start(containers: readonly string[], flags: Flags, context: Context): Promise<void> {
  const { explain, undo = false, json = false, attach, interactive } = flags;
  const engine = createEngine(context);
  if (explain || undo || json) {
    for (const name of containers) showPlan(await engine.explainStart(name), { json, undo }, context);
  } else if (attach || interactive) {
    await startAttached(containers, flags, context);
  } else {
    await forEach(containers, context, (name) => engine.start(name));
  }
}

async function startAttached(
  [name = '', another]: readonly string[],
  { interactive, detachKeys, sigProxy }: Flags,
  context: Context,
): Promise<void> {
  if (another !== undefined)
    throw new TinyrunError('USAGE', 'you cannot start and attach multiple containers at once');
  const result = await createEngine(context).startAttached(name, {
    stdin: interactive,
    detachKeys: detachKeys === undefined ? undefined : parseDetachKeys(detachKeys),
    ...(sigProxy ? { forward: forwardSignals } : {}),
  });
  context.exitCode = exitCodeAfter(result, context);
}
