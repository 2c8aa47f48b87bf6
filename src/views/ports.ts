import type { ContainerRecord, ContainerView } from '../engine/record.ts';
import { isRunning } from '../engine/status.ts';
import type { BoundPort } from '../network/types.ts';

/** A place of the host that leads to a port of a container; `address` 0.0.0.0 and :: mean all of a family. */
export interface Place {
  readonly address: string;
  readonly host: number;
  readonly container: number;
  readonly protocol: BoundPort['protocol'];
}

/** Of one that runs, in the order of its own ports. */
export function placesOf(view: Pick<ContainerView, 'record' | 'status'>): Place[] {
  const { ports = [], attachments = [] } = view.record;
  if (!isRunning(view)) return [];
  const has6 = attachments.some(({ addresses }) => addresses.some((each) => each.includes(':')));
  const places = ports.flatMap(({ address, ...port }) =>
    (address === undefined ? ['0.0.0.0', ...(has6 ? ['::'] : [])] : [address]).map((each) => ({
      ...port,
      address: each,
    })),
  );
  return places.sort(
    (a, b) => a.container - b.container || (a.protocol < b.protocol ? -1 : a.protocol > b.protocol ? 1 : 0),
  );
}

/** `0.0.0.0:8080`, `[::]:8080` */
export const placeText = ({ address, host }: Pick<Place, 'address' | 'host'>): string =>
  `${address.includes(':') ? `[${address}]` : address}:${host}`;

/** What its image and its maker say that it listens at: `80/tcp`. */
export const exposedOf = ({ config, image }: Pick<ContainerRecord, 'config' | 'image'>): string[] => [
  ...new Set([...Object.keys(image?.word?.ExposedPorts ?? {}), ...(config.exposed ?? [])]),
];

/** Docker's column: `0.0.0.0:8080-8081->80-81/tcp, 443/tcp`. */
export function portsText(view: Pick<ContainerView, 'record' | 'status'>): string {
  const places = placesOf(view);
  const published = new Set(places.map(({ container, protocol }) => `${container}/${protocol}`));
  const rows = rowsOf(places).map(
    ([first, last]) =>
      `${placeText(first)}${first === last ? '' : `-${last.host}`}->${range(first.container, last.container)}/${first.protocol}`,
  );
  const rest = isRunning(view) ? exposedOf(view.record).filter((port) => !published.has(port)) : [];
  return [...rows, ...rest].join(', ');
}

const range = (first: number, last: number): string => (first === last ? `${first}` : `${first}-${last}`);

/** Those in a row as one, by the first and the last of them. */
function rowsOf(places: readonly Place[]): [Place, Place][] {
  const rows: [Place, Place][] = [];
  for (const place of places) {
    const row = rows.find(
      ([, last]) =>
        last.address === place.address &&
        last.protocol === place.protocol &&
        last.container + 1 === place.container &&
        last.host + 1 === place.host,
    );
    if (row) row[1] = place;
    else rows.push([place, place]);
  }
  return rows;
}
