import { runHooks } from '../../runtime/hooks.ts';
import { specState } from '../../runtime/state.ts';
import { announce } from '../announce.ts';
import { createFromBundle, type Made } from '../create.ts';
import { CREATE_FLAGS, createOptions } from '../creation.ts';
import { deleteContainer, takeBackEnded } from '../delete.ts';
import { foreground } from '../foreground.ts';
import type { Verb, VerbContext } from '../verb.ts';

async function poststart({ root, log }: VerbContext, { state }: Made): Promise<void> {
  try {
    await runHooks('poststart', state.hooks?.poststart, specState(state, 'running'));
  } catch (error) {
    await deleteContainer(root, state.id, { force: true, warn: log.warn });
    throw error;
  }
}

export const verb: Verb = {
  usage: '[command options] <container-id>',
  flags: [
    ...CREATE_FLAGS,
    { names: ['detach', 'd'], kind: 'bool', help: "detach from the container's process" },
    { names: ['keep'], kind: 'bool', help: 'do not delete the container after it exits' },
    {
      names: ['no-subreaper'],
      kind: 'bool',
      help: 'disable the use of the subreaper used to reap reparented processes',
    },
  ],
  arguments: [1, 1],
  failurePrefix: 'tinyrunc run failed',
  async run(context) {
    const { flags } = context;
    const detach = flags.bool('detach');
    const options = createOptions(context, { until: 'running', detach });
    const made = await createFromBundle(options, ({ life }) => announce(flags, life, 'standard'));
    await poststart(context, made);
    if (detach) return 0;
    const code = await foreground(made.life);
    if (!flags.bool('keep')) await takeBackEnded(made.dir, made.state, context.log.warn);
    return code;
  },
};
