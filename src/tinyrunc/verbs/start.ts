import { loadContainer } from '../container.ts';
import { startContainer } from '../start.ts';
import type { Verb } from '../verb.ts';

export const verb: Verb = {
  usage: '<container-id>',
  flags: [],
  arguments: [1, 1],
  async run({ root, log, flags }) {
    const container = loadContainer(root, flags.args[0] ?? '');
    await startContainer(root, container, (message) => log.warn(message));
    return 0;
  },
};
