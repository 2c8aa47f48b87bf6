import { readFileSync, writeFileSync } from 'node:fs';
import { hostOf } from '../../network/address.ts';
import { release } from '../../network/lease.ts';
import { NetworkStore } from '../../network/store.ts';
import type { Attachment, BoundPort, NetworkRecord } from '../../network/types.ts';
import type { Roots } from '../../store/paths.ts';
import { networksOf } from '../config/network.ts';
import { type ContainerPaths, containerPaths } from '../layout.ts';
import type { ContainerRecord } from '../record.ts';
import { ownLease } from './attachments.ts';
import { intentIn } from './intent.ts';
import { followNetworks, forgetName } from './names-live.ts';
import { takeOut } from './take-out.ts';

/** A record that tells nothing of a network any more. */
export function without(
  record: ContainerRecord,
  network: NetworkRecord,
  ports: readonly BoundPort[] | undefined,
): ContainerRecord {
  const { attachments = [], config } = record;
  const at = positionOf(record, network);
  return {
    ...record,
    config: { ...config, network: networksOf(config).filter((_, index) => index !== at) },
    attachments: attachments.filter((one) => one.network !== network.id),
    ...(ports && { ports }),
  };
}

/** Of one that runs; answers the ports that are left to it. To do it once more is no failure. */
export async function left(
  roots: Roots,
  record: ContainerRecord,
  network: NetworkRecord,
  gone = record.attachments?.find((one) => one.network === network.id),
): Promise<readonly BoundPort[] | undefined> {
  if (gone === undefined) return undefined;
  const others = (record.attachments ?? []).filter((one) => one !== gone);
  const ports = await takeOut(roots, record, network, gone, others);
  forgetAddress(containerPaths(roots, record.id), gone);
  forgetName(roots, record.id, network.id);
  followNetworks(roots, record, others);
  return ports;
}

/** Who was killed at this container's networks left it half in one, or half out: it is out of it then. */
export async function settled(roots: Roots, record: ContainerRecord): Promise<ContainerRecord> {
  const { run } = containerPaths(roots, record.id);
  const intent = intentIn(run);
  const network = intent && new NetworkStore(roots.dataRoot).read(intent.network);
  if (intent === undefined || network === undefined) return record;
  const { what, attachment } = intent;
  if (attachment === undefined) {
    for (const pool of network.pools) release(ownLease(run, network, pool));
    return record;
  }
  const told = record.attachments?.find(({ hostLink }) => hostLink === attachment.hostLink);
  if ((told !== undefined) !== (what === 'leaves')) return record;
  const ports = await left(roots, record, network, told ?? attachment);
  return told ? without(record, network, ports) : record;
}

/** Where a container names a network, among those that it is to be in. */
export function positionOf({ config }: ContainerRecord, { id, name }: NetworkRecord): number {
  const means = (text: string) =>
    text === name ||
    (text === 'default' && name === 'bridge') ||
    (/^[0-9a-f]{6,}$/.test(text) && id.startsWith(text));
  return networksOf(config).findIndex((one) => means(one.network));
}

export const hostsOf = ({ data }: ContainerPaths): string => `${data}/hosts`;

function forgetAddress(paths: ContainerPaths, { addresses }: Attachment): void {
  const gone = addresses.map(hostOf);
  const lines = readFileSync(hostsOf(paths), 'utf8').split('\n');
  writeFileSync(hostsOf(paths), lines.filter((line) => !gone.includes(line.split('\t')[0] ?? '')).join('\n'));
}
