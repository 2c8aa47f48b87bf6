import { announce } from '../announce.ts';
import { createFromBundle } from '../create.ts';
import { CREATE_FLAGS, createOptions } from '../creation.ts';
import type { Verb } from '../verb.ts';

export const verb: Verb = {
  usage: '[command options] <container-id>',
  flags: CREATE_FLAGS,
  arguments: [1, 1],
  failurePrefix: 'tinyrunc create failed',
  async run(context) {
    const options = createOptions(context, { until: 'created', detach: true });
    await createFromBundle(options, ({ life }) => announce(context.flags, life, 'standard'));
    return 0;
  },
};
