import { readdirSync } from 'node:fs';
import { isTinyrunError, TinyrunError } from '../../errors.ts';
import { hasLabel, parseFilters, parseUntil } from '../../image/filter.ts';
import { BUILT_IN } from '../../network/builtin.ts';
import { leased } from '../../network/lease.ts';
import { namePlaces } from '../../network/names/places.ts';
import { forgetNetwork } from '../../network/names/resolver.ts';
import { NetworkStore } from '../../network/store.ts';
import type { NetworkRecord } from '../../network/types.ts';
import { leasesDir, takeDown } from '../../network/up.ts';
import type { NetworkAction } from '../../store/event-types.ts';
import { tellEvents } from '../../store/events.ts';
import { lockDirectorySync } from '../../store/lock.ts';
import { ensureDir, type Roots } from '../../store/paths.ts';
import { booleanOf } from '../../store/words.ts';
import { tellPrune } from '../events/tell.ts';
import { containersOf, type Endpoint, endpointsOf } from './users.ts';

export interface NetworkView {
  readonly record: NetworkRecord;
  /** The containers that run in it. */
  readonly endpoints: readonly Endpoint[];
}

/** It is always there, and stays. */
export const isBuiltIn = ({ id }: Pick<NetworkRecord, 'id'>): boolean =>
  BUILT_IN.some((network) => network.id === id);

export const tellNetwork = (
  roots: Roots,
  action: NetworkAction,
  { id, name, driver }: Pick<NetworkRecord, 'id' | 'name' | 'driver'>,
  more: Readonly<Record<string, string>> = {},
): void => tellEvents(roots, [{ type: 'network', action, id, attributes: { ...more, name, type: driver } }]);

/** In the order of their names. @throws TinyrunError for a filter that cannot be */
export function listNetworks(
  roots: Roots,
  filters: readonly string[],
  onDamaged: (error: Error) => void,
): NetworkView[] {
  const isWanted = wantedBy(filters);
  const containers = containersOf(roots, () => {});
  return new NetworkStore(roots.dataRoot)
    .list(onDamaged)
    .map((record) => ({ record, endpoints: endpointsOf(containers, record) }))
    .filter(isWanted);
}

/** By name, id, or its beginning. @throws TinyrunError NETWORK_NOT_FOUND, AMBIGUOUS_ID, STORE_DAMAGED */
export function findNetwork(roots: Roots, text: string): NetworkView {
  const record = new NetworkStore(roots.dataRoot).find(text);
  return {
    record,
    endpoints: endpointsOf(
      containersOf(roots, () => {}),
      record,
    ),
  };
}

/**
 * Takes one away that no running container is in; with `force` one that is not there is no failure. Answers whether there was
 * one.
 * @throws TinyrunError NETWORK_IN_USE, NETWORK_NOT_FOUND, NETWORK_PREDEFINED; STATE_DAMAGED where nobody knows who is in it
 */
export function removeNetwork(roots: Roots, text: string, { force = false } = {}): boolean {
  const store = new NetworkStore(roots.dataRoot);
  const id = store.idOf(text);
  if (id === undefined) {
    if (force) return false;
    throw new TinyrunError('NETWORK_NOT_FOUND', `network ${text} not found`);
  }
  const builtIn = BUILT_IN.find((network) => network.id === id);
  if (builtIn)
    throw new TinyrunError(
      'NETWORK_PREDEFINED',
      `${builtIn.name} is a pre-defined network and cannot be removed`,
      { hint: 'bridge, host and none are always there' },
    );
  const gone = takeAway(roots, store, id, text);
  if (gone) tellNetwork(roots, 'destroy', gone);
  return true;
}

/** Answers what it was, where that is known: somebody else may have removed it, and its record may be damaged. */
function takeAway(roots: Roots, store: NetworkStore, id: string, text: string): NetworkRecord | undefined {
  const lock = store.hold();
  const directory = ensureDir(leasesDir(roots, id));
  // whoever leases an address meanwhile waits, and then finds no network
  const leases = lockDirectorySync(directory);
  try {
    const record = readAny(store, id);
    if (record) checkUnused(roots, record);
    const [holder] = leased(directory, readdirSync(directory)).values();
    if (holder !== undefined) throw inUse({ id, name: record?.name ?? text }, `id:"${holder}"`);
    takeDown(roots, id);
    forgetNetwork(namePlaces(roots.runRoot), id);
    store.remove(id);
    return record;
  } finally {
    leases.release();
    lock.release();
  }
}

function readAny(store: NetworkStore, id: string): NetworkRecord | undefined {
  try {
    return store.read(id);
  } catch (error) {
    if (isTinyrunError(error, 'STORE_DAMAGED')) return undefined;
    throw error;
  }
}

function checkUnused(roots: Roots, record: NetworkRecord): void {
  const known = containersOf(roots, (error) => {
    throw error;
  });
  const users = endpointsOf(known, record);
  if (users.length === 0) return;
  const list = users.map(({ name, id }) => `name:${JSON.stringify(name)} id:"${id.slice(0, 12)}"`).join(', ');
  throw inUse(record, list);
}

/** In Docker's words. */
const inUse = ({ id, name }: Pick<NetworkRecord, 'id' | 'name'>, list: string): TinyrunError =>
  new TinyrunError(
    'NETWORK_IN_USE',
    `error while removing network: network ${name} id ${id} has active endpoints (${list})`,
  );

export interface PrunedNetworks {
  /** Names of those that were removed. */
  readonly deleted: readonly string[];
  readonly failed: readonly Error[];
}

/**
 * Removes the networks that no running container is in.
 * @param filters `until=24h`, `label=KEY[=VALUE]`, `label!=…`; all of them have to hold
 */
export function pruneNetworks(roots: Roots, filters: readonly string[] = []): PrunedNetworks {
  const isWanted = prunedBy(filters);
  const failed: Error[] = [];
  const deleted: string[] = [];
  for (const { record, endpoints } of listNetworks(roots, [], (error) => failed.push(error))) {
    if (isBuiltIn(record) || endpoints.length > 0 || !isWanted(record)) continue;
    try {
      removeNetwork(roots, record.id, { force: true });
      deleted.push(record.name);
    } catch (error) {
      // somebody has come into it
      if (!isTinyrunError(error, 'NETWORK_IN_USE')) failed.push(error as Error);
    }
  }
  tellPrune(roots, 'network', 0);
  return { deleted, failed };
}

function prunedBy(given: readonly string[]): (record: NetworkRecord) => boolean {
  const filters = parseFilters(given, ['until', 'label', 'label!']);
  const of = (key: string) => filters.get(key) ?? [];
  const now = Date.now();
  const until = of('until').map((text) => parseUntil(text, now));
  return ({ labels, created }) =>
    of('label').every((label) => hasLabel(labels, label)) &&
    !of('label!').some((label) => hasLabel(labels, label)) &&
    until.every((time) => Date.parse(created) < time);
}

export const NETWORK_FILTERS = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];

function wantedBy(given: readonly string[]): (view: NetworkView) => boolean {
  const filters = parseFilters(given, NETWORK_FILTERS);
  const any = (key: string, test: (value: string) => boolean) => {
    const values = filters.get(key) ?? [];
    return values.length === 0 || values.some(test);
  };
  for (const text of filters.get('dangling') ?? []) oneOf('dangling', text, booleanOf(text) !== undefined);
  for (const text of filters.get('type') ?? []) oneOf('type', text, text === 'custom' || text === 'builtin');
  return ({ record, endpoints }) =>
    any('dangling', (text) => booleanOf(text) === (endpoints.length === 0 && !isBuiltIn(record))) &&
    any('driver', (text) => driverName(record) === text) &&
    any('id', (text) => matches(text, record.id)) &&
    any('name', (text) => matches(text, record.name)) &&
    any('scope', (text) => text === 'local') &&
    any('type', (text) => (text === 'builtin') === isBuiltIn(record)) &&
    (filters.get('label') ?? []).every((label) => hasLabel(record.labels, label));
}

function oneOf(key: string, text: string, isOne: boolean): void {
  if (isOne) return;
  throw new TinyrunError('USAGE', `invalid filter '${key}=${text}'`, {
    hint: key === 'type' ? 'custom or builtin is expected' : 'true or false is expected',
  });
}

/** A regular expression, as Docker has it; what is none matches only itself. */
function matches(text: string, name: string): boolean {
  try {
    return text === name || new RegExp(text, 'u').test(name);
  } catch {
    return false;
  }
}

/** As Docker calls it: the driver of `none` is null. */
export const driverName = ({ driver }: Pick<NetworkRecord, 'driver'>): string =>
  driver === 'none' ? 'null' : driver;
