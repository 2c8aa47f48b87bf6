import { setFrozen } from '../../runtime/freeze.ts';
import { loadContainer } from '../container.ts';
import { NOT_RUNNING, refuse } from '../refusals.ts';
import type { Verb } from '../verb.ts';

export const verb: Verb = {
  usage: '<container-id>',
  flags: [],
  arguments: [1, 1],
  run({ root, flags }) {
    const container = loadContainer(root, flags.args[0] ?? '');
    if (container.status !== 'running' && container.status !== 'created')
      refuse(NOT_RUNNING, 'only created and running containers can be paused');
    setFrozen(container, true);
    return 0;
  },
};
