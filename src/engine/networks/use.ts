import { TinyrunError } from '../../errors.ts';
import { driverOf } from '../../network/drivers/index.ts';
import { isAstray } from '../../network/firewall/astray.ts';
import { peek } from '../../network/lease.ts';
import type { HeldResolver } from '../../network/names/resolver.ts';
import { boundPorts, randomPort } from '../../network/ports.ts';
import type { Attachment, BoundPort, NetworkRecord } from '../../network/types.ts';
import { ensureUp, isUp, leasesDir, networksRunDir } from '../../network/up.ts';
import type { Contribution } from '../../plan/contribution.ts';
import { holds } from '../../plan/host.ts';
import type { Plan } from '../../plan/types.ts';
import { hostFacts } from '../../runtime/host.ts';
import { launchSync } from '../../runtime/launch.ts';
import { lockDirectory } from '../../store/lock.ts';
import { ensureDir, type Roots } from '../../store/paths.ts';
import { networksOf } from '../config/network.ts';
import type { HostFile } from '../hostfiles.ts';
import type { ContainerRecord } from '../record.ts';
import {
  attachmentsOf,
  checkAddresses,
  contributionsOf,
  type Joined,
  type LeaseFrom,
  placed,
  wantedPorts,
} from './attachments.ts';
import { findDrafted, resolveNetwork } from './default.ts';
import { isBridgeGone, isResolverGone, portInUse } from './failure.ts';
import { networkFiles } from './files.ts';
import { leaseIn } from './leasing.ts';
import { heldPorts, livingElements, livingNetworks } from './living.ts';
import { hasNames } from './named.ts';

/** What a container has of its networks while it runs. */
export interface Attached {
  readonly attachments: readonly Attachment[];
  /** Ports of the host that lead to it. */
  readonly ports: readonly BoundPort[];
  readonly contributions: readonly Contribution[];
  /** Of its /etc, with its addresses. */
  readonly files: readonly HostFile[];
}

/** The networks of one container, each found, before anything is made of them. */
export interface NetworkUse {
  /** Brings up what is not. @throws TinyrunError */
  ready(): Promise<void>;
  /** Leases addresses by files in the container's run directory, which is there. @throws TinyrunError */
  attach(run: string, name: string): Attached;
  /** What that would come to, for who only looks. */
  imagine(): Attached;
  /** Whether a start has failed for want of what others took away of the networks. */
  isMendable(error: unknown, plan: Plan): boolean;
  /** Makes that again. */
  mend(error: unknown): Promise<void>;
  /** Our table gets what runs, and only that. */
  restore(): Promise<void>;
  /** It has started, or failed to: what was held for that is let go. */
  settle(): void;
  /** Why a start failed, in words of networks. */
  worded(error: unknown, plan: Plan): Promise<unknown>;
}

/** @throws TinyrunError NETWORK_NOT_FOUND, ConfigError */
export async function useOf(
  roots: Roots,
  { config, id, hostname }: Pick<ContainerRecord, 'config' | 'id' | 'hostname'>,
  exposed: readonly string[],
): Promise<NetworkUse> {
  const found = (find: (roots: Roots, text: string) => NetworkRecord): Joined[] =>
    networksOf(config).map((one) => ({ network: find(roots, one.network), config: one }));
  let joined = found(findDrafted);
  for (const [index, { network, config: one }] of joined.entries())
    checkAddresses(network, one, `network[${index}]`);
  // what answers to names is loaded for nobody else
  const names = joined.some(({ network }) => hasNames(network)) ? await import('./names.ts') : undefined;
  let resolver: HeldResolver | undefined;
  const hold = async () => {
    resolver = await names?.holdNames(
      roots,
      joined.map(({ network }) => network),
    );
  };
  const made = (name: string, leaseFrom: LeaseFrom): Attached => {
    const networks = joined.map(({ network }) => network);
    const attachments = attachmentsOf(joined, leaseFrom);
    const ports = placed(
      boundPorts(wantedPorts(config, exposed), heldPorts(roots), randomPort),
      joined,
      attachments,
    );
    const files = networkFiles(config, hostname, networks, attachments);
    const contributions = [
      ...contributionsOf(joined, attachments, ports),
      ...(names?.namesOf(roots, { id, name, hostname, config }, joined, attachments) ?? []),
    ];
    return { attachments, ports, contributions, files };
  };
  return {
    async ready() {
      checkPrivilege(joined);
      joined = found(resolveNetwork);
      for (const { network } of joined) await bringUp(roots, network);
      await hold();
    },
    restore: () => restoreTable(roots),
    settle: () => resolver?.release(),
    attach: (run, name) =>
      made(name, (network, pool, wanted) =>
        leaseIn(roots, network, pool, { run, holder: id.slice(0, 12) }, wanted),
      ),
    imagine: () =>
      made('NAME', (network, pool, wanted) => wanted ?? peek(pool, leasesDir(roots, network.id))),
    isMendable: (error, plan) => isAstray(error) || isBridgeGone(error, plan) || isResolverGone(error, plan),
    async mend(error) {
      if (isAstray(error)) await restoreTable(roots);
      else for (const { network } of joined) await bringUp(roots, network, { again: true });
      resolver?.release();
      await hold();
    },
    worded: async (error, plan) => (await portInUse(roots, error, plan, id)) ?? error,
  };
}

/** Before the errno of some step. @throws TinyrunError PERMISSION */
function checkPrivilege(joined: readonly Joined[]): void {
  if (joined.length === 0 || holds(hostFacts(), 'CAP_NET_ADMIN')) return;
  throw new TinyrunError('PERMISSION', 'a network takes CAP_NET_ADMIN, which this process lacks', {
    hint: 'the networks none and host take nothing of it; tinyrun doctor checks what the host allows',
  });
}

/** Our table, with all that runs. */
export async function restoreTable(roots: Roots): Promise<void> {
  const { restore } = await import('../../network/firewall/restore.ts');
  await restore(ensureDir(networksRunDir(roots)), () => livingElements(roots));
  await acceptOurs(roots);
}

/** Where other people's rules drop what nobody accepts, what is ours is accepted: it is looked at whenever a network comes. */
async function acceptOurs(roots: Roots): Promise<void> {
  const { acceptForward, forwardDrops } = await import('../../network/firewall/foreign.ts');
  const drops = forwardDrops();
  if (drops.length === 0) return;
  const lock = await lockDirectory(ensureDir(networksRunDir(roots)));
  try {
    const links = livingNetworks(roots)
      .filter(({ driver }) => driver === 'bridge')
      .map(({ link }) => link);
    launchSync({ plan: { steps: acceptForward(drops, links.filter(Boolean)) } });
  } finally {
    lock.release();
  }
}

/** What a network has in the kernel; the table comes first. */
export async function bringUp(roots: Roots, network: NetworkRecord, { again = false } = {}): Promise<void> {
  if (!again && isUp(roots, network.id)) return;
  if (network.driver === 'macvlan') ensureUp(roots, network, driverOf(network), { again });
  if (network.driver !== 'bridge') return;
  const { ensureBase } = await import('../../network/firewall/restore.ts');
  await ensureBase(ensureDir(networksRunDir(roots)), () => livingElements(roots));
  try {
    ensureUp(roots, network, driverOf(network), { again });
  } catch (error) {
    // elements of it that nobody owns are in the table
    if (!isAstray(error)) throw error;
    await restoreTable(roots);
    ensureUp(roots, network, driverOf(network), { again });
  }
  await acceptOurs(roots);
}
