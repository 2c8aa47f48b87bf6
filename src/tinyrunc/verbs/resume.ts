import { loadContainer } from '../../runtime/container.ts';
import { resumeContainer } from '../../runtime/freeze.ts';
import type { Verb } from '../verb.ts';

export const verb: Verb = {
  usage: '<container-id>',
  flags: [],
  arguments: [1, 1],
  run({ root, flags }) {
    resumeContainer(loadContainer(root, flags.args[0] ?? ''));
    return 0;
  },
};
