import { type Element, elementBatch } from '../../plan/netlink/sets.ts';
import type { Step, Undo } from '../../plan/types.ts';
import type { Attachment, BoundPort, NetworkRecord } from '../types.ts';
import { networkElements, portElements } from './elements.ts';

// Elements as steps of plans. Nothing looks first whether the table is there: where it is not, the step says ENOENT, and what its
// plan has begun is taken back; whoever runs the plan restores the table and runs it once more (`restore.ts`).

/** One batch for each: a batch in which one is missing takes away none. */
const removals = (elements: readonly Element[]): Undo[] =>
  elements.map((each) => ({ op: 'netlink', args: elementBatch({ remove: [each] }) }));

function adds(elements: readonly Element[], why: string): Step[] {
  if (elements.length === 0) return [];
  return [
    {
      op: 'netlink',
      lane: 'host',
      args: elementBatch({ add: elements }),
      why,
      undo: removals(elements),
    },
  ];
}

/** What the rules of our table go by for a network. */
export function addNetwork(network: NetworkRecord): Step[] {
  return adds(networkElements(network), `the firewall knows the network ${network.name}`);
}

/** Ports of the host lead to an endpoint. */
export function addPorts(network: NetworkRecord, to: Attachment, ports: readonly BoundPort[]): Step[] {
  if (network.driver !== 'bridge' || network.internal) return [];
  const elements = ports.flatMap((port) => portElements({ port, to }));
  return adds(elements, 'published ports lead to it');
}

/** Published ports move from one endpoint to another: all at once, or not at all. */
export function movePorts(from: Attachment, to: Attachment, ports: readonly BoundPort[]): Step[] {
  const remove = ports.flatMap((port) => portElements({ port, to: from }));
  const add = ports.flatMap((port) => portElements({ port, to }));
  if (remove.length + add.length === 0) return [];
  return [
    {
      op: 'netlink',
      lane: 'host',
      args: elementBatch({ remove, add }),
      why: 'published ports lead to another of its endpoints',
      undo: removals(add),
    },
  ];
}
