import type { StoredImage } from '../../image/entry.ts';
import { familiarName, familiarOf, familiarReference, type Reference } from '../../image/reference.ts';
import type { Removed } from '../../image/remove.ts';
import type { ImageAction } from '../../store/event-types.ts';
import { tellEvents } from '../../store/events.ts';
import type { Roots } from '../../store/paths.ts';

/** What was done to an image that is here. */
export function tellImage(roots: Roots, action: ImageAction, { id, name, labels }: StoredImage): void {
  const attributes = { ...labels, name: name === undefined ? id : familiarOf(name) };
  tellEvents(roots, [{ type: 'image', action, id, attributes }]);
}

/** What was exchanged with a registry, by the name that it has there. */
export function tellTransfer(roots: Roots, action: 'pull' | 'push', reference: Reference): void {
  const id = familiarReference(reference);
  tellEvents(roots, [{ type: 'image', action, id, attributes: { name: familiarName(reference) } }]);
}

/** Names that were taken away, and images that went with their last; `before`: what there was. */
export function tellRemoved(
  roots: Roots,
  before: readonly StoredImage[],
  { untagged, deleted }: Removed,
): void {
  const idOf = (name: string) =>
    before.find((entry) => entry.name !== undefined && familiarOf(entry.name) === name)?.id ?? name;
  const told = (action: ImageAction) => (id: string) =>
    ({ type: 'image', action, id, attributes: { name: id } }) as const;
  tellEvents(roots, [...untagged.map(idOf).map(told('untag')), ...deleted.map(told('delete'))]);
}
