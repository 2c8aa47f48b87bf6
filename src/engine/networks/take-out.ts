import { removeInside } from '../../network/drivers/macvlan.ts';
import { changePorts, publishedElements } from '../../network/firewall/steps.ts';
import { release } from '../../network/lease.ts';
import { NetworkStore } from '../../network/store.ts';
import type { Attachment, BoundPort, NetworkRecord } from '../../network/types.ts';
import { removeLink } from '../../plan/netlink/link.ts';
import { datagram, NETLINK_ROUTE } from '../../plan/netlink/wire.ts';
import type { Step } from '../../plan/types.ts';
import { attachPlan } from '../../plan/verbs/attach.ts';
import { hostFacts } from '../../runtime/host.ts';
import { openJournal } from '../../runtime/journal.ts';
import { launch } from '../../runtime/launch.ts';
import { readState } from '../../runtime/state.ts';
import type { Roots } from '../../store/paths.ts';
import { containerPaths } from '../layout.ts';
import type { ContainerRecord } from '../record.ts';
import { entryOf, ownLease, portsLeadTo } from './attachments.ts';

/**
 * Takes a container that runs out of a network: its ports lead to another of its endpoints from then on, or nowhere. Answers those
 * that are left. It is the one place that waits for the kernel to destroy a link, some 30 ms: nobody of the network sees it any more.
 */
export async function takeOut(
  roots: Roots,
  { id, ports = [], attachments = [] }: ContainerRecord,
  network: NetworkRecord,
  attachment: Attachment,
  left: readonly Attachment[],
): Promise<readonly BoundPort[]> {
  const { run } = containerPaths(roots, id);
  const isTarget = portsLeadTo(attachments) === attachment && ports.length > 0;
  const next = portsLeadTo(left);
  const moves = isTarget ? portMoves(roots, ports, attachment, next) : [];
  const gone: Step = {
    op: 'netlink',
    lane: 'host',
    args: { protocol: NETLINK_ROUTE, ...datagram([removeLink(attachment.hostLink)]), device: '' },
    why: `its link to the network ${network.name} is gone at once`,
    mayFail: true,
  };
  const isInside = network.driver === 'macvlan';
  const steps = [...moves, ...(isInside ? [] : [gone])];
  const journal = openJournal(run);
  if (moves.length > 0) journal.begin('ports', { steps: moves });
  await launch({ plan: { steps } });
  const state = isInside ? readState(run) : undefined;
  if (state) {
    const target = { pid: state.pid, startTime: BigInt(state.startTime) };
    const plan = attachPlan(hostFacts(), target, { inside: [removeInside(attachment, network)] });
    await (await launch({ plan })).wait();
  }
  journal.undo(entryOf(network));
  for (const pool of network.pools) release(ownLease(run, network, pool));
  return isTarget && next === undefined ? [] : ports;
}

/** One batch: published ports lead to another of its endpoints, or, where none is left, nowhere. */
export function portMoves(
  { dataRoot }: Roots,
  ports: readonly BoundPort[],
  from: Attachment | undefined,
  to: Attachment | undefined,
): Step[] {
  const store = new NetworkStore(dataRoot);
  const elementsOf = (end: Attachment | undefined) => {
    const network = end && store.read(end.network);
    return end && network ? publishedElements(network, end, ports) : [];
  };
  const end = to ?? from;
  return end ? changePorts(end, { remove: elementsOf(from), add: elementsOf(to) }, ports) : [];
}
