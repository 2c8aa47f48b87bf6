import type { Command as Program } from 'commander';
import type { ContainerConfig } from '../../engine/config/types.ts';
import { createEngine } from '../../engine/engine.ts';
import { newContainerId } from '../../engine/names.ts';
import type { Lifeline } from '../../engine/types.ts';
import { TinyrunError } from '../../errors.ts';
import type { Command, Context } from '../command.ts';
import { exitCodeAfter } from '../exit-code.ts';
import { attachedStreams, type CreateFlags, createOptions } from '../flags/container.ts';
import { defineConfig, withConfig } from '../flags/index.ts';
import { parseDetachKeys } from '../flags/parse/detach-keys.ts';
import type { Given } from '../flags/word.ts';

/** What this command does with a plan besides running it. */
interface Views {
  readonly detach?: boolean;
  readonly detachKeys?: string;
  readonly explain?: boolean;
  /** With `explain`: what takes the plan back. */
  readonly undo?: boolean;
  readonly trace?: boolean;
  readonly step?: boolean;
  readonly json?: boolean;
  readonly sigProxy: boolean;
}

export const command: Command = {
  explains: true,
  usage: '[options] IMAGE [COMMAND] [ARG...]',
  passThrough: true,
  examples: [
    'tinyrun run busybox echo hello',
    'tinyrun run --rm -it busybox',
    'tinyrun run --rm -v "$PWD:/src:ro" -w /src busybox ls -l',
    'tinyrun run --rm --read-only --cap-drop ALL -u nobody busybox id',
    'tinyrun run --rm -m 64m --cpus 0.5 --pids-limit 100 busybox sh',
    'tinyrun run --explain busybox true',
    'tinyrun run --rm --trace busybox true',
  ],
  define(program, context) {
    // -h is the host name here, as it is Docker's
    program
      .helpOption('--help', 'print this help')
      .argument('<image>')
      .argument('[command...]')
      .action((image: string, args: string[], flags: RunFlags) =>
        withConfig(image, args, flags, (config) => act(config, flags, context)),
      );
    defineConfig(program);
    viewFlags(program);
  },
};

type RunFlags = Given & CreateFlags & Views;

async function act(config: ContainerConfig, flags: RunFlags, context: Context): Promise<void> {
  const { detach, explain, undo, trace, step, json } = flags;
  const attach = attachedStreams(flags);
  if (detach && attach)
    throw new TinyrunError('USAGE', 'conflicting options: cannot specify both --attach and --detach');
  const engine = createEngine(context);
  // what is to stay when it has ended is not to end with this command
  const lifeline: Lifeline = config.autoRemove && !detach && !attach ? 'command' : 'monitor';
  const options = createOptions(flags);
  if (explain || undo || (json && !trace && !step)) {
    const { explainRun } = await import('../output/explain-run.ts');
    const control = { ...options, lifeline };
    return explainRun(engine, { config, control }, { json: json === true, undo: undo === true }, context);
  }
  const notify = (line: string) => context.err(`${line}\n`);
  if (detach) {
    if (step)
      throw new TinyrunError('USAGE', '--step stays with the container: not with --detach', {
        hint: 'leave --detach out, or see all that is done without stopping: --trace',
      });
    context.out(`${await engine.runDetached(config, { ...options, notify })}\n`);
    return;
  }
  const detachKeys = flags.detachKeys === undefined ? undefined : parseDetachKeys(flags.detachKeys);
  const control = { ...options, sigProxy: flags.sigProxy, blocking: true, notify, detachKeys, attach };
  if (trace || step) {
    const { traceRun } = await import('../output/trace-run.ts');
    const how = { step: step === true, json: json === true };
    context.exitCode = await traceRun(engine, { config, control }, how, context);
    return;
  }
  // who hears nothing of it gets its id instead
  const isSilent = attach?.every((stream) => stream === 'stdin');
  const id = isSilent ? newContainerId() : undefined;
  const watch = isSilent ? { onLaunched: () => context.out(`${id}\n`) } : {};
  context.exitCode = exitCodeAfter(await engine.run(config, { ...control, lifeline, id }, watch), context);
}

function viewFlags(program: Program): void {
  program
    .option('-d, --detach', 'print the id once the program runs, and leave it running')
    .option('--detach-keys <KEYS>', 'leave its terminal by these keys; ctrl-p,ctrl-q without')
    .option('--sig-proxy', 'pass signals to tinyrun on to the program', true)
    .option('--no-sig-proxy', 'keep them from it, as --sig-proxy=false does')
    .option('--explain', 'print the plan and run nothing')
    .option('--undo', 'with --explain: what takes the plan back, last step first')
    .option('--trace', 'run, and print each step with its result and time')
    .option('--step', 'stop before each step inside the container; ? there tells how to go on')
    .option('--json', 'the plan as JSON');
}
