import { TinyrunError } from '../../errors.ts';
import { networkFacts } from '../../network/facts.ts';
import { isAstray } from '../../network/firewall/astray.ts';
import { changePorts, publishedElements, removals } from '../../network/firewall/steps.ts';
import { type Binding, bindings, boundPorts, free, randomPort, reserve } from '../../network/ports.ts';
import { NetworkStore } from '../../network/store.ts';
import type { Attachment, BoundPort, NetworkRecord } from '../../network/types.ts';
import { type Element, identityOf } from '../../plan/netlink/sets.ts';
import type { Plan, Step, Undo } from '../../plan/types.ts';
import { undoOf } from '../../plan/undo.ts';
import { openJournal } from '../../runtime/journal.ts';
import { runByMonitor } from '../../runtime/monitor/given.ts';
import type { Roots } from '../../store/paths.ts';
import { randomBytes } from '../../store/random.ts';
import { isChosen, type PortsChange } from '../config/update-ports.ts';
import { containerPaths } from '../layout.ts';
import type { ContainerView } from '../record.ts';
import { portsLeadTo, wantedPorts } from './attachments.ts';
import { failed, portInUse } from './failure.ts';
import { heldPorts } from './living.ts';
import { restoreTable } from './use.ts';

// Ports of a container that runs. Its monitor runs the plan, so that the sockets are held as long as the container lives.

interface Published {
  readonly network: NetworkRecord;
  readonly to: Attachment;
  readonly ports: readonly BoundPort[];
}

const bindingsOf = ({ network, ports }: Published): Binding[] => bindings(ports, network, networkFacts());

const elementsOf = (published: Published): Element[] =>
  publishedElements(published.network, published.to, bindingsOf(published));

const placeOf = ({ protocol, address, host }: Binding): string => `${protocol} ${address} ${host}`;

/** What the second has and the first has not. */
function more<T>(before: readonly T[], after: readonly T[], identity: (one: T) => string): T[] {
  const known = new Set(before.map(identity));
  return after.filter((one) => !known.has(identity(one)));
}

/** All that are bound are bound before the firewall leads to them, and let go of once it does not. */
export function portsPlan(before: Published, after: Published): Plan {
  const [held, wanted] = [bindingsOf(before), bindingsOf(after)];
  const fresh = more(held, wanted, placeOf);
  const gone = more(wanted, held, placeOf);
  // one address of a port that was bound at all of them can be bound only then
  const isInTheWay = (binding: Binding) =>
    fresh.some(({ protocol, host }) => protocol === binding.protocol && host === binding.host);
  const [old, now] = [elementsOf(before), elementsOf(after)];
  const changed = { remove: more(now, old, identityOf), add: more(old, now, identityOf) };
  const touched = [
    ...more(before.ports, after.ports, portWord),
    ...more(after.ports, before.ports, portWord),
  ];
  return {
    steps: [
      ...gone.filter(isInTheWay).map(free),
      ...fresh.map(reserve),
      ...changePorts(after.to, changed, touched),
      ...gone.filter((binding) => !isInTheWay(binding)).map(free),
    ],
  };
}

const portWord = (port: BoundPort): string =>
  `${port.protocol} ${port.address ?? ''} ${port.host} ${port.container}`;

/**
 * Changes the ports of one that runs; answers what leads to it then.
 * @throws TinyrunError PORT_IN_USE with who has it, UNSUPPORTED; then nothing is changed
 */
export async function publishLive(
  roots: Roots,
  { record, state }: ContainerView,
  { publish = [], unpublish = [] }: PortsChange,
): Promise<readonly BoundPort[]> {
  const { ports = [], attachments = [] } = record;
  const to = portsLeadTo(attachments);
  const network = to && new NetworkStore(roots.dataRoot).read(to.network);
  if (state?.lifeline !== 'monitor')
    throw new TinyrunError(
      'UNSUPPORTED',
      'ports of a container that runs are held by its monitor, and this one has none',
      {
        hint: 'its command is its parent, as of one that is removed at its end: run it detached',
      },
    );
  if (to === undefined || network === undefined)
    throw new TinyrunError(
      'USAGE',
      'ports are published of what is in a network, and this container is in none',
      {
        hint: 'tinyrun network connect bridge takes it into one',
      },
    );
  if (network.driver !== 'bridge')
    throw new TinyrunError(
      'USAGE',
      `no port of the host leads to the network ${network.name} (${network.driver})`,
      {
        hint: 'it has an address of its own, which its ports are reached by',
      },
    );
  const asked = boundPorts(wantedPorts({ image: '', ports: publish }, []), heldPorts(roots), randomPort);
  const { bindHost } = network;
  const fresh = asked.map((port) => ({ ...(bindHost !== undefined && { address: bindHost }), ...port }));
  const kept = ports.filter((port) => !isChosen(unpublish, port));
  const before = { network, to, ports };
  const after = { network, to, ports: [...kept, ...fresh] };
  await change(roots, record.id, before, after);
  return after.ports;
}

async function change(roots: Roots, id: string, before: Published, after: Published): Promise<void> {
  const { run } = containerPaths(roots, id);
  const plan = portsPlan(before, after);
  const journal = openJournal(run);
  const stepsOf = (undo: readonly Undo[]) => undoOf(undo, 1);
  // who gets such a port next keeps it, whenever this container ends
  const given = removals(more(elementsOf(after), elementsOf(before), identityOf));
  const entry = `port-${randomBytes(4).toString('hex')}`;
  journal.forget(stepsOf(given));
  journal.begin(entry, plan);
  try {
    await runRestored(roots, run, plan);
  } catch (error) {
    // nothing of it came to be, and what it would have led here may be another's
    journal.forget(stepsOf(removals(more(elementsOf(before), elementsOf(after), identityOf))));
    journal.begin(`${entry}-kept`, { steps: [kept(given)] });
    throw (await portInUse(roots, error, plan, id)) ?? error;
  }
}

const kept = (undo: readonly Undo[]): Step => ({
  op: 'release',
  lane: 'host',
  args: { protocol: 0, address: new Uint8Array() },
  why: 'ports that are kept',
  undo,
});

/** Where the table is not as it should be, once more after it is. */
async function runRestored(roots: Roots, run: string, plan: Plan): Promise<void> {
  try {
    await runByMonitor(run, plan);
  } catch (error) {
    const isGone =
      failed(error, plan)?.step.op === 'netlink' && failed(error, plan)?.failure.code === 'ENOENT';
    if (!isAstray(error) && !isGone) throw error;
    await restoreTable(roots);
    await runByMonitor(run, plan);
  }
}
