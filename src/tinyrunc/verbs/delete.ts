import { deleteContainer } from '../delete.ts';
import type { Verb } from '../verb.ts';

export const verb: Verb = {
  usage: '<container-id>',
  flags: [
    {
      names: ['force', 'f'],
      kind: 'bool',
      help: 'forcibly delete the container if it is still running (uses SIGKILL)',
    },
  ],
  arguments: [1, 1],
  async run({ root, log, flags }) {
    const warn = (message: string): void => log.warn(message);
    await deleteContainer(root, flags.args[0] ?? '', { force: flags.bool('force'), warn });
    return 0;
  },
};
