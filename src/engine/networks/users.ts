import type { Attachment, NetworkRecord } from '../../network/types.ts';
import type { Roots } from '../../store/paths.ts';
import { networksOf } from '../config/network.ts';
import { listContainers } from '../manage.ts';
import type { ContainerRecord, ContainerView } from '../record.ts';
import { isRunning } from '../status.ts';

/** A container that runs in a network. */
export interface Endpoint {
  readonly id: string;
  readonly name: string;
  /** What it has there. */
  readonly attachment?: Attachment;
}

/** Whether a word of a configuration means that network. */
function means(text: string, { id, name }: NetworkRecord): boolean {
  if (text === name || (text === 'default' && name === 'bridge')) return true;
  return /^[0-9a-f]+$/.test(text) && id.startsWith(text);
}

const asksFor = ({ config }: ContainerRecord, network: NetworkRecord): boolean =>
  typeof config.network === 'string'
    ? config.network === network.name
    : networksOf(config).some((one) => means(one.network, network));

/** Those that run, or are about to again. */
const isThere = (view: ContainerView): boolean => isRunning(view) || view.status === 'restarting';

/** Who is in a network now. A container that does not run is in none, whatever it asks for. */
export function endpointsOf(views: readonly ContainerView[], network: NetworkRecord): Endpoint[] {
  return views.filter(isThere).flatMap(({ record }): Endpoint[] => {
    const { id, name, attachments } = record;
    if (attachments === undefined) return asksFor(record, network) ? [{ id, name }] : [];
    const attachment = attachments.find((one) => one.network === network.id);
    return attachment ? [{ id, name, attachment }] : [];
  });
}

/** Of a damaged record nobody knows where it is: `onDamaged` is told. */
export const containersOf = (roots: Roots, onDamaged: (error: Error) => void): ContainerView[] =>
  listContainers(roots, onDamaged);
