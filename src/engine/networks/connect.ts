import { appendFileSync } from 'node:fs';
import { TinyrunError } from '../../errors.ts';
import { hostOf } from '../../network/address.ts';
import { driverOf } from '../../network/drivers/index.ts';
import { interfaceName, metricBetween } from '../../network/endpoint.ts';
import { networkFacts } from '../../network/facts.ts';
import { release } from '../../network/lease.ts';
import { endpointContribution } from '../../network/names/contribution.ts';
import { namePlaces } from '../../network/names/places.ts';
import { NetworkStore } from '../../network/store.ts';
import type { Attachment, NetworkRecord } from '../../network/types.ts';
import type { Contribution } from '../../plan/contribution.ts';
import { attachPlan } from '../../plan/verbs/attach.ts';
import { hostFacts } from '../../runtime/host.ts';
import { type Journal, openJournal } from '../../runtime/journal.ts';
import { launch } from '../../runtime/launch.ts';
import type { Roots } from '../../store/paths.ts';
import { holdRecord } from '../change.ts';
import { checkNetwork, networksOf } from '../config/network.ts';
import type { NetworkConfig } from '../config/types.ts';
import { type ContainerPaths, containerPaths } from '../layout.ts';
import { findContainer, missedAs } from '../manage.ts';
import { type ContainerRecord, type ContainerView, readRecord, viewOf, writeRecord } from '../record.ts';
import { isRunning } from '../status.ts';
import { attachmentOf, checkAddresses, entryOf, ownLease, portsLeadTo } from './attachments.ts';
import { resolveNetwork } from './default.ts';
import { fulfilled, intend } from './intent.ts';
import { leaseIn } from './leasing.ts';
import { hostsOf, left, positionOf, settled, without } from './leave.ts';
import { hasNames } from './named.ts';
import { endpointOf } from './names.ts';
import { beginNames, followNetworks } from './names-live.ts';
import { tellNetwork } from './networks.ts';
import { portMoves } from './take-out.ts';
import { bringUp } from './use.ts';

/**
 * Attaches a container to one more network; one that runs at once.
 * @throws TinyrunError NETWORK_NOT_FOUND, CONTAINER_NOT_FOUND, ADDRESS_TAKEN; ConfigError of what it is to have there
 */
export async function connect(
  roots: Roots,
  network: string,
  container: string,
  config: Omit<NetworkConfig, 'network'> = {},
): Promise<void> {
  const asked = { ...config, network: new NetworkStore(roots.dataRoot).find(network).name };
  checkNetwork(asked, 'network');
  const record = resolveNetwork(roots, network);
  checkAddresses(record, asked, 'network');
  await changing(roots, container, async (view) => {
    checkMode(view.record);
    if (positionOf(view.record, record) >= 0)
      throw new TinyrunError(
        'USAGE',
        `endpoint with name ${view.record.name} already exists in network ${record.name}`,
        { hint: `tinyrun network disconnect ${record.name} ${view.record.name} takes it out` },
      );
    const attached = isRunning(view) ? await attachLive(roots, view, record, asked) : undefined;
    const { attachments = [] } = view.record;
    return {
      ...view.record,
      config: { ...view.record.config, network: [...networksOf(view.record.config), asked] },
      ...(attached && { attachments: [...attachments, attached] }),
    };
  });
  tellNetwork(roots, 'connect', record, { container: idOf(roots, container) });
}

/**
 * Takes a container out of a network; one that runs at once, and with `force` one whose record does not tell of it.
 * @throws TinyrunError NETWORK_NOT_FOUND, CONTAINER_NOT_FOUND
 */
export async function disconnect(
  roots: Roots,
  network: string,
  container: string,
  { force = false }: { readonly force?: boolean } = {},
): Promise<void> {
  const record = new NetworkStore(roots.dataRoot).find(network === 'default' ? 'bridge' : network);
  await changing(roots, container, async (view) => {
    const at = positionOf(view.record, record);
    if (at < 0 && force) return undefined;
    if (at < 0)
      throw new TinyrunError(
        'USAGE',
        `container ${view.record.id} is not connected to network ${record.name}`,
        { hint: 'tinyrun inspect tells where it is' },
      );
    const attachment = view.record.attachments?.find((one) => one.network === record.id);
    if (isRunning(view) && attachment)
      intend(containerPaths(roots, view.record.id).run, {
        what: 'leaves',
        network: record.id,
        attachment,
      });
    return without(view.record, record, isRunning(view) ? await left(roots, view.record, record) : undefined);
  });
  tellNetwork(roots, 'disconnect', record, { container: idOf(roots, container) });
}

/** Where somebody was killed at the networks of a container that runs. */
export async function settleNetworks(roots: Roots, id: string): Promise<void> {
  await changing(roots, id, async () => undefined);
}

const idOf = (roots: Roots, container: string): string => findContainer(roots, container).record.id;

/** Nobody else starts, changes or removes it meanwhile. */
async function changing(
  roots: Roots,
  container: string,
  change: (view: ContainerView) => Promise<ContainerRecord | undefined>,
): Promise<void> {
  await missedAs(container, async () => {
    const { id } = findContainer(roots, container).record;
    const lock = await holdRecord(roots, id);
    try {
      const found = readRecord(roots, id);
      if (found === undefined)
        throw new TinyrunError('CONTAINER_NOT_FOUND', `no such container: ${container}`);
      const record = isRunning(viewOf(roots, found)) ? await settled(roots, found) : found;
      if (record !== found) writeRecord(roots, record);
      const next = await changed(roots, record, change);
      if (next !== undefined) writeRecord(roots, next);
      fulfilled(containerPaths(roots, id).run);
    } finally {
      lock.release();
    }
  });
}

/** What fails leaves nothing. */
async function changed(
  roots: Roots,
  record: ContainerRecord,
  change: (view: ContainerView) => Promise<ContainerRecord | undefined>,
): Promise<ContainerRecord | undefined> {
  try {
    return await change(viewOf(roots, record));
  } catch (error) {
    await settled(roots, record);
    fulfilled(containerPaths(roots, record.id).run);
    throw error;
  }
}

/** Docker's refusal: what has the host's network, or none, or another's, is in no other. */
function checkMode({ config: { network } }: ContainerRecord): void {
  if (network === undefined || Array.isArray(network)) return;
  const mode = typeof network === 'string' ? network : 'container';
  throw new TinyrunError(
    'USAGE',
    `container cannot be connected to a network: its own is that of the mode ${mode}`,
    { hint: 'make another in that network' },
  );
}

/** By a helper in its network namespace; what fails leaves nothing. */
async function attachLive(
  roots: Roots,
  { record, state }: ContainerView,
  network: NetworkRecord,
  config: NetworkConfig,
): Promise<Attachment> {
  await bringUp(roots, network);
  const paths = containerPaths(roots, record.id);
  const own = network.pools.map((pool) => ownLease(paths.run, network, pool));
  const journal = openJournal(paths.run);
  intend(paths.run, { what: 'joins', network: network.id });
  try {
    const attachment = attachmentOf(network, config, placeOf(record, network, config), (_, pool, wanted) =>
      leaseIn(roots, network, pool, { run: paths.run, holder: record.id.slice(0, 12) }, wanted),
    );
    intend(paths.run, { what: 'joins', network: network.id, attachment });
    const contribution = driverOf(network).attach(network, attachment, [], networkFacts());
    const target = { pid: state?.pid ?? 0, startTime: BigInt(state?.startTime ?? 0) };
    await beginNames(roots, record, target, network);
    const named = hasNames(network) ? [namedIn(roots, record, network, config, attachment)] : [];
    const plan = attachPlan(hostFacts(), target, contribution, ...named);
    journal.begin(entryOf(network), plan);
    await (await launch({ plan })).wait();
    await leadPorts(roots, record, attachment, journal);
    rememberAddress(paths, record, attachment);
    followNetworks(roots, record, [...(record.attachments ?? []), attachment]);
    return attachment;
  } catch (error) {
    journal.undo(entryOf(network));
    for (const file of own) release(file);
    throw error;
  }
}

/** Where its gateway is the best by now, published ports lead there. */
async function leadPorts(
  roots: Roots,
  { attachments = [], ports = [] }: ContainerRecord,
  attachment: Attachment,
  journal: Journal,
): Promise<void> {
  const to = portsLeadTo([...attachments, attachment]);
  if (to !== attachment || ports.length === 0) return;
  const plan = { steps: portMoves(roots, ports, portsLeadTo(attachments), to) };
  journal.begin('ports', plan);
  await launch({ plan });
}

const namedIn = (
  { runRoot }: Roots,
  record: ContainerRecord,
  network: NetworkRecord,
  config: NetworkConfig,
  attachment: Attachment,
): Contribution =>
  endpointContribution(namePlaces(runRoot), record.id, endpointOf(record, network, config, attachment));

/** Its interface, and its place among the gateways. */
function placeOf(
  { attachments = [], config }: ContainerRecord,
  { name }: NetworkRecord,
  { interfaceName: wanted, gatewayPriority = 0 }: NetworkConfig,
): Pick<Attachment, 'as' | 'metric'> {
  const networks = networksOf(config);
  const others = attachments.map(({ metric }, index) => ({
    network: networks[index]?.network ?? '',
    priority: networks[index]?.gatewayPriority ?? 0,
    metric,
  }));
  return {
    as: wanted ?? interfaceName(attachments.map(({ as }) => as)),
    metric: metricBetween(others, { network: name, priority: gatewayPriority }),
  };
}

/** In place: the file is bound into the container, not its name. */
function rememberAddress(
  paths: ContainerPaths,
  { hostname }: ContainerRecord,
  { addresses }: Attachment,
): void {
  appendFileSync(hostsOf(paths), addresses.map((each) => `${hostOf(each)}\t${hostname}\n`).join(''));
}
