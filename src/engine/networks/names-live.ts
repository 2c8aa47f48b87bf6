import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { namesContribution } from '../../network/names/contribution.ts';
import { hostsLines } from '../../network/names/file.ts';
import { FILE_MODE, namePlaces } from '../../network/names/places.ts';
import { replaceView } from '../../network/names/view.ts';
import { NetworkStore } from '../../network/store.ts';
import type { Attachment, NetworkRecord } from '../../network/types.ts';
import { type AttachTarget, attachPlan } from '../../plan/verbs/attach.ts';
import { hostFacts } from '../../runtime/host.ts';
import { openJournal } from '../../runtime/journal.ts';
import { launch } from '../../runtime/launch.ts';
import { writeFileAtomic } from '../../store/atomic.ts';
import type { Roots } from '../../store/paths.ts';
import { networksOf as configured } from '../config/network.ts';
import { containerPaths } from '../layout.ts';
import { type ContainerRecord, viewOf as recordView } from '../record.ts';
import { isRunning } from '../status.ts';
import { resolvers } from './files.ts';
import { hasNames } from './named.ts';
import { endpointOf, holdNames, viewOf } from './names.ts';

// Names of a container that runs, as it comes into networks and leaves them.

/** Its journal's entry, apart from those of its networks: they may leave in any order. */
const ENTRY = 'names';

const networksOf = ({ dataRoot }: Roots, attachments: readonly Attachment[]): NetworkRecord[] => {
  const store = new NetworkStore(dataRoot);
  return attachments.flatMap(({ network }) => store.read(network) ?? []);
};

/** Before it comes into a network: where that is its first with names, it gets them. Others have had theirs from birth. */
export async function beginNames(
  roots: Roots,
  record: ContainerRecord,
  target: AttachTarget,
  network: NetworkRecord,
): Promise<void> {
  if (!hasNames(network)) return;
  const held = await holdNames(roots, [network]);
  const places = namePlaces(roots.runRoot);
  try {
    if (existsSync(places.view(record.id))) return;
    const { run, data } = containerPaths(roots, record.id);
    const view = viewOf(record, [...networksOf(roots, record.attachments ?? []), network]);
    const plan = attachPlan(hostFacts(), target, namesContribution(places, view, []));
    const journal = openJournal(run);
    journal.begin(ENTRY, plan);
    try {
      await (await launch({ plan })).wait();
    } catch (error) {
      journal.undo(ENTRY);
      throw error;
    }
    // in place: the file is bound into the container, not its name
    writeFileSync(`${data}/resolv.conf`, resolvers(record.config, [network], false));
  } finally {
    held?.release();
  }
}

/** It is in these from now on: it sees their names, and no others. */
export function followNetworks(
  roots: Roots,
  record: ContainerRecord,
  attachments: readonly Attachment[],
): void {
  const places = namePlaces(roots.runRoot);
  if (!existsSync(places.view(record.id))) return;
  replaceView(places, viewOf(record, networksOf(roots, attachments)));
}

/** Nobody of a network finds it there any more. */
export function forgetName({ runRoot }: Roots, container: string, network: string): void {
  rmSync(namePlaces(runRoot).endpoint(network, container), { force: true });
}

/**
 * Its networks find it by the name that it has now, and no longer by its last.
 * @throws TinyrunError (PLAN_ARGUMENT) for more than the resolver keeps; none of them has changed then
 */
export function renameIn(roots: Roots, record: ContainerRecord): void {
  const { attachments = [], config } = record;
  const store = new NetworkStore(roots.dataRoot);
  const places = namePlaces(roots.runRoot);
  const files = attachments.flatMap((attachment, index) => {
    const network = store.read(attachment.network);
    const asked = configured(config)[index];
    const path = places.endpoint(attachment.network, record.id);
    if (!network || !asked || !existsSync(path)) return [];
    return [{ path, text: hostsLines(endpointOf(record, network, asked, attachment)) }];
  });
  for (const { path, text } of files) writeFileAtomic(path, text, { mode: FILE_MODE });
  // it may have ended meanwhile, and its names been taken back before they were written again
  if (!isRunning(recordView(roots, record)))
    for (const { network } of attachments) forgetName(roots, record.id, network);
}
