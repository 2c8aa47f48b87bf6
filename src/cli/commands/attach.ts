import { forwardSignals } from '../../runtime/signals.ts';
import type { Command, Context } from '../command.ts';
import { exitCodeAfter } from '../exit-code.ts';
import { parseDetachKeys } from '../flags/parse/detach-keys.ts';

interface Flags {
  readonly stdin: boolean;
  readonly sigProxy: boolean;
  readonly detachKeys?: string;
}

export const command: Command = {
  usage: '[options] CONTAINER',
  examples: [
    'tinyrun attach web',
    'tinyrun attach --no-stdin web',
    'tinyrun attach --detach-keys ctrl-x web',
  ],
  define(program, context) {
    program
      .argument('<container>')
      .option('--no-stdin', 'do not pass on what is typed')
      .option('--sig-proxy', 'pass signals to tinyrun on to the program', true)
      .option('--no-sig-proxy', 'keep them from it, as --sig-proxy=false does')
      .option('--detach-keys <KEYS>', 'leave a terminal by these keys; ctrl-p,ctrl-q without')
      .action((container: string, flags: Flags) => attach(container, flags, context));
  },
};

async function attach(container: string, flags: Flags, context: Context): Promise<void> {
  const { stdin, sigProxy, detachKeys } = flags;
  const { attachContainer } = await import('../../engine/attach.ts');
  const result = await attachContainer(context, container, {
    noStdin: !stdin,
    detachKeys: detachKeys === undefined ? undefined : parseDetachKeys(detachKeys),
    ...(sigProxy ? { forward: ({ onSent }) => forwardSignals(onSent ? { onSent } : {}) } : {}),
  });
  context.exitCode = exitCodeAfter(result, context);
}
