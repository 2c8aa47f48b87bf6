import { flowsToAddress, flowsToPort } from '../../plan/netlink/conntrack.ts';
import { type Element, elementBatch } from '../../plan/netlink/sets.ts';
import type { Step, Undo } from '../../plan/types.ts';
import { familyOf, hostOf } from '../address.ts';
import type { Attachment, BoundPort, NetworkRecord } from '../types.ts';
import { networkElements, portElements } from './elements.ts';

// Elements as steps of plans. Nothing looks first whether the table is there: where it is not, the step says ENOENT, and what its
// plan has begun is taken back; whoever runs the plan restores the table and runs it once more (`restore.ts`).

/** One batch for each: a batch in which one is missing takes away none. By its key, wherever it led by then. */
export const removals = (elements: readonly Element[]): Undo[] =>
  elements.map(({ data: _, ...each }) => ({ op: 'netlink', args: elementBatch({ remove: [each] }) }));

function adds(elements: readonly Element[], why: string, afterwards: readonly Undo[] = []): Step[] {
  if (elements.length === 0) return [];
  return [
    {
      op: 'netlink',
      lane: 'host',
      args: elementBatch({ add: elements }),
      why,
      undo: [...afterwards, ...removals(elements)],
    },
  ];
}

/** What the rules of our table go by for a network. */
export function addNetwork(network: NetworkRecord): Step[] {
  return adds(networkElements(network), `the firewall knows the network ${network.name}`);
}

/** A flow of TCP ends with who had it; the others are remembered for as long as somebody goes on sending. */
const isRemembered = ({ protocol }: BoundPort): boolean => protocol !== 'tcp';

/** Once they lead elsewhere: what came to them before goes where it went then. Of the families that they lead to now. */
function forgetPorts({ addresses }: Attachment, ports: readonly BoundPort[]): Step[] {
  const found = new Map(ports.filter(isRemembered).map((port) => [`${port.protocol} ${port.host}`, port]));
  return [...found.values()].flatMap(({ protocol, host }) =>
    [...new Set(addresses.map(familyOf))].map((family) => ({
      op: 'forgetFlows',
      lane: 'host',
      args: flowsToPort(family, protocol, host),
      why: `what was sent to port ${host}/${protocol} before is sent on anew`,
      // a kernel without nf_conntrack_netlink
      mayFail: true,
    })),
  );
}

/**
 * After the elements, so that none begins in between. Of IPv4 alone: asked for an address of IPv6, the kernel (6.18) lists all
 * that is not of it.
 */
const forgetAddresses = ({ addresses }: Attachment): Undo[] =>
  addresses
    .filter((cidr) => familyOf(cidr) === 4)
    .map((cidr) => ({ op: 'forgetFlows', args: flowsToAddress(hostOf(cidr)) }));

/** Ports of the host lead to an endpoint. */
export function addPorts(network: NetworkRecord, to: Attachment, ports: readonly BoundPort[]): Step[] {
  if (!leadsHere(network)) return [];
  const elements = publishedElements(network, to, ports);
  // undone last first
  const forget = ports.some(isRemembered) ? forgetAddresses(to) : [];
  return [...adds(elements, 'published ports lead to it', forget), ...forgetPorts(to, ports)];
}

const leadsHere = ({ driver, internal }: NetworkRecord): boolean => driver === 'bridge' && !internal;

/** What the table has of ports that lead to an endpoint of a network. */
export const publishedElements = (
  network: NetworkRecord,
  to: Attachment,
  ports: readonly BoundPort[],
): Element[] => (leadsHere(network) ? ports.flatMap((port) => portElements({ port, to })) : []);

/** Ports of one that runs change, all at once, or not at all. */
export function changePorts(
  to: Attachment,
  { remove, add }: { readonly remove: readonly Element[]; readonly add: readonly Element[] },
  ports: readonly BoundPort[],
): Step[] {
  if (remove.length + add.length === 0) return [];
  const forget = ports.some(isRemembered) ? forgetAddresses(to) : [];
  return [
    {
      op: 'netlink',
      lane: 'host',
      args: elementBatch({ remove, add }),
      why: `published ports: ${add.length} elements more, ${remove.length} less`,
      undo: [...forget, ...removals(add)],
    },
    ...forgetPorts(to, ports),
  ];
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
    ...forgetPorts(to, ports),
  ];
}
