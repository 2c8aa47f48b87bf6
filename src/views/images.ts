import type { ImageLine } from '../image/view.ts';
import { goTime, humanDuration, humanSize } from './units.ts';

/** Column heads of `images`, also of `system df -v`. */
export const HEADERS = {
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  ID: 'IMAGE ID',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  Size: 'SIZE',
  VirtualSize: 'SIZE',
  SharedSize: 'SHARED SIZE',
  UniqueSize: 'UNIQUE SIZE',
  Containers: 'CONTAINERS',
};

/** Docker's members of a line. */
export function rowOf({ view, repository, tag, digest }: ImageLine, id: string) {
  const { created, size } = view.entry;
  const time = Date.parse(created);
  return {
    Containers: 'N/A',
    CreatedAt: goTime(created),
    CreatedSince: time > 0 ? `${humanDuration(Date.now() - time)} ago` : 'N/A',
    Digest: digest,
    ID: id,
    Repository: repository,
    SharedSize: 'N/A',
    Size: humanSize(size),
    Tag: tag,
    UniqueSize: 'N/A',
    VirtualSize: humanSize(size, 4),
  };
}
