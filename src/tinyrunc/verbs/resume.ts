import { setFrozen } from '../../runtime/freeze.ts';
import { loadContainer } from '../container.ts';
import { refuse } from '../refusals.ts';
import type { Verb } from '../verb.ts';

export const verb: Verb = {
  usage: '<container-id>',
  flags: [],
  arguments: [1, 1],
  run({ root, flags }) {
    const container = loadContainer(root, flags.args[0] ?? '');
    if (container.status !== 'paused') refuse('container not paused');
    setFrozen(container, false);
    return 0;
  },
};
