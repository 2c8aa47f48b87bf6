import { signalAll, signalFirst } from '../../runtime/kill.ts';
import { parseSignal } from '../../runtime/signals.ts';
import { containerSpec } from '../../runtime/state.ts';
import { SIGKILL } from '../../spec/linux.ts';
import { type Container, loadContainer } from '../container.ts';
import { NOT_RUNNING, refuse } from '../refusals.ts';
import type { Verb } from '../verb.ts';

const TAKES_SIGNALS =
  'tinyrunc state shows what it is; only created, running and paused containers take signals';

/** The end of its first process is the end of a container only where that is the first one of a pid namespace of its own. */
function outlivesFirst({ dir }: Container): boolean {
  const namespaces = containerSpec(dir).linux?.namespaces ?? [];
  return !namespaces.some(({ type, path }) => type === 'pid' && !path);
}

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
    const container = loadContainer(root, id);
    const all =
      flags.bool('all') || (number === SIGKILL && container.status !== 'stopped' && outlivesFirst(container));
    const isReached = (all && signalAll(container, number)) || signalFirst(container.state, number);
    if (!isReached && !all) refuse(NOT_RUNNING, TAKES_SIGNALS);
    return 0;
  },
};
