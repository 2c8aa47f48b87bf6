import { loadContainer } from '../../runtime/container.ts';
import { killContainer } from '../../runtime/signal.ts';
import { parseSignal } from '../../runtime/signals.ts';
import type { Verb } from '../verb.ts';

export const verb: Verb = {
  usage: '<container-id> [signal]',
  flags: [
    {
      names: ['all', 'a'],
      kind: 'bool',
      help: 'send the specified signal to all processes inside the container',
    },
  ],
  arguments: [1, 2],
  run({ root, flags }) {
    const [id = '', signal = 'SIGTERM'] = flags.args;
    const number = parseSignal(signal);
    killContainer(loadContainer(root, id), number, flags.bool('all'));
    return 0;
  },
};
