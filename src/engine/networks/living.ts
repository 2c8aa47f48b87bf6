import { elementsOf } from '../../network/firewall/elements.ts';
import { type InUse, portsInUse } from '../../network/ports.ts';
import { NetworkStore } from '../../network/store.ts';
import type { BoundPort, NetworkRecord } from '../../network/types.ts';
import { closedByUs, isUp, networksRunDir } from '../../network/up.ts';
import type { Element } from '../../plan/netlink/sets.ts';
import { namesIn } from '../../runtime/journal.ts';
import type { Roots } from '../../store/paths.ts';
import { containerPaths, runningDir } from '../layout.ts';
import { type ContainerRecord, readRecord } from '../record.ts';
import { portsLeadTo } from './attachments.ts';

/** Networks that are up, since a boot. */
export function livingNetworks(roots: Roots): NetworkRecord[] {
  const store = new NetworkStore(roots.dataRoot);
  return namesIn(networksRunDir(roots)).flatMap((id) =>
    /^[0-9a-f]{64}$/.test(id) && isUp(roots, id) ? (store.read(id) ?? []) : [],
  );
}

/** What our table should have: of each network that is up, and of each container that something is to be taken back of. */
export function livingElements(roots: Roots): Element[] {
  const networks = livingNetworks(roots);
  const records = recordsOfLiving(roots);
  const ours = networks.flatMap((network) => {
    const published = records.flatMap(({ attachments = [], ports = [] }) => {
      const to = portsLeadTo(attachments);
      return to?.network === network.id ? ports.map((port) => ({ port, to })) : [];
    });
    return elementsOf(network, published);
  });
  return [...ours, ...closedByUs(roots)];
}

const recordsOfLiving = (roots: Roots): ContainerRecord[] =>
  namesIn(runningDir(roots)).flatMap((id) => recordOfLiving(roots, id) ?? []);

/** Ports that containers have, or that the host's programs do: a port that is held and not listened at is in no file of /proc. */
export function heldPorts(roots: Roots): InUse {
  const seen = portsInUse();
  let own: BoundPort[] | undefined;
  return (protocol, port) => {
    own ??= recordsOfLiving(roots).flatMap(({ ports = [] }) => ports);
    return seen(protocol, port) || own.some((one) => one.protocol === protocol && one.host === port);
  };
}

function recordOfLiving(roots: Roots, id: string): ContainerRecord | undefined {
  const isJournalled = namesIn(containerPaths(roots, id).run).some((name) => name.startsWith('journal'));
  try {
    return isJournalled ? readRecord(roots, id) : undefined;
  } catch {
    // a damaged one is for `rm` to remove
    return undefined;
  }
}
