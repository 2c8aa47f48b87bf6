import { loadContainer } from '../../runtime/container.ts';
import { pauseContainer } from '../../runtime/freeze.ts';
import type { Verb } from '../verb.ts';

export const verb: Verb = {
  usage: '<container-id>',
  flags: [],
  arguments: [1, 1],
  run({ root, flags }) {
    pauseContainer(loadContainer(root, flags.args[0] ?? ''));
    return 0;
  },
};
