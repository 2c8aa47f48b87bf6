import {
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { errnoOf, TinyrunError } from '../errors.ts';
import { AT_FDCWD, native } from '../native/index.ts';
import { writeFileAtomic } from '../store/atomic.ts';
import { type Lock, lockDirectorySync } from '../store/lock.ts';
import { ensureDir } from '../store/paths.ts';
import { randomBytes } from '../store/random.ts';
import { readIfExists } from '../store/read.ts';
import { BUILT_IN, isPredefined } from './builtin.ts';
import type { NetworkRecord } from './types.ts';

const ID = /^[0-9a-f]{64}$/;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/;
const FORGOTTEN_MS = 3_600_000;

export const newNetworkId = (): string => randomBytes(32).toString('hex');

/** @throws TinyrunError USAGE */
export function checkNetworkName(name: string): void {
  if (NAME.test(name)) return;
  const problem =
    name.trim() === ''
      ? 'invalid name: name is empty'
      : `invalid name: ${JSON.stringify(name)} is no name of a network`;
  throw new TinyrunError('USAGE', problem, {
    hint: 'letters, digits, _ . and -, starting with a letter or digit',
  });
}

/**
 * The networks of a data root: `networks/ID/network.json`, which is written once, and `networks/names/NAME`, a symbolic
 * link to the id. `bridge`, `host` and `none` are there without a file; that of `bridge` comes with its first container.
 */
export class NetworkStore {
  readonly #dir: string;
  constructor(dataRoot: string) {
    this.#dir = `${dataRoot}/networks`;
  }

  /** By its whole id. @throws TinyrunError STORE_DAMAGED */
  read(id: string): NetworkRecord | undefined {
    if (!ID.test(id)) return undefined;
    const text = readIfExists(this.#file(id));
    if (text === undefined) return BUILT_IN.find((network) => network.id === id);
    const record = parsed(text);
    if (record?.version === 1 && record.id === id && NAME.test(record.name ?? ''))
      return record as NetworkRecord;
    throw new TinyrunError('STORE_DAMAGED', `the record of the network ${id.slice(0, 12)} is damaged`, {
      hint: `tinyrun network rm ${id.slice(0, 12)} removes it`,
    });
  }

  /** Those that are always there, too; in the order of their names. */
  list(onDamaged: (error: Error) => void): NetworkRecord[] {
    const made = this.ids().flatMap((id) => {
      try {
        return this.read(id) ?? [];
      } catch (error) {
        onDamaged(error as Error);
        return [];
      }
    });
    const there = BUILT_IN.filter(({ id }) => !made.some((network) => network.id === id));
    return [...made, ...there].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  ids(): string[] {
    return entriesOf(this.#dir).filter((name) => ID.test(name));
  }

  /**
   * By id, name, or the beginning of an id, in that order.
   * @throws TinyrunError NETWORK_NOT_FOUND, AMBIGUOUS_ID, STORE_DAMAGED
   */
  find(text: string): NetworkRecord {
    const found = this.read(text) ?? this.#named(text) ?? this.read(this.#begun(text) ?? '');
    if (found !== undefined) return found;
    throw new TinyrunError('NETWORK_NOT_FOUND', `network ${text} not found`);
  }

  /** The id of what is to be removed, be its record as damaged as it may; undefined: there is none. @throws TinyrunError AMBIGUOUS_ID */
  idOf(text: string): string | undefined {
    const isThere = ID.test(text) && (this.#isMade(text) || BUILT_IN.some(({ id }) => id === text));
    return isThere ? text : (this.#named(text)?.id ?? this.#begun(text));
  }

  /** The whole id of its beginning. */
  #begun(text: string): string | undefined {
    if (!/^[0-9a-f]{1,63}$/.test(text)) return undefined;
    const all = new Set([...this.ids(), ...BUILT_IN.map(({ id }) => id)]);
    const ids = [...all].filter((id) => id.startsWith(text));
    if (ids.length > 1)
      throw new TinyrunError(
        'AMBIGUOUS_ID',
        `network ${text} is ambiguous (${ids.length} matches found on name)`,
        { hint: 'give more digits of the id: tinyrun network ls --no-trunc' },
      );
    return ids[0];
  }

  #named(name: string): NetworkRecord | undefined {
    if (!NAME.test(name)) return undefined;
    const id = linkedId(this.#name(name));
    const linked = id === undefined ? undefined : this.read(id);
    return linked?.name === name ? linked : BUILT_IN.find((network) => network.name === name);
  }

  /** Nobody else makes or removes one, or sees it in use or not, while it is held. */
  hold(): Lock {
    return lockDirectorySync(ensureDir(this.#dir));
  }

  /** For who holds them. @throws TinyrunError NETWORK_EXISTS, NETWORK_PREDEFINED, USAGE */
  checkFree(name: string): void {
    if (isPredefined(name))
      throw new TinyrunError(
        'NETWORK_PREDEFINED',
        `operation is not permitted on predefined ${name} network`,
      );
    checkNetworkName(name);
    if (this.#named(name))
      throw new TinyrunError('NETWORK_EXISTS', `network with name ${name} already exists`);
  }

  /**
   * For who holds them and has looked that the name is free. The name comes first: what is killed between the two leaves a
   * link to nothing, which the next of that name takes over.
   */
  create(record: NetworkRecord): void {
    this.#sweep();
    const made = this.#temporary();
    writeFileAtomic(`${made}/network.json`, JSON.stringify(record), { durable: true });
    ensureDir(`${this.#dir}/names`);
    rmSync(this.#name(record.name), { force: true });
    symlinkSync(record.id, this.#name(record.name));
    renameSync(made, `${this.#dir}/${record.id}`);
  }

  /** For who holds them. One that is always there is as it was before its first container. */
  remove(id: string): void {
    const gone = this.#temporary();
    try {
      renameSync(`${this.#dir}/${id}`, gone);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    // afterwards: one without its name would be found by nobody, and a name of nothing is free
    for (const name of entriesOf(`${this.#dir}/names`))
      if (linkedId(this.#name(name)) === id) unlinkSync(this.#name(name));
    native().removeTree(AT_FDCWD, gone);
  }

  #temporary(): string {
    const path = `${ensureDir(this.#dir)}/.tmp-${randomBytes(12).toString('hex')}`;
    mkdirSync(path, { mode: 0o700 });
    return path;
  }

  /** What somebody was killed at. */
  #sweep(): void {
    for (const name of entriesOf(this.#dir)) {
      const path = `${this.#dir}/${name}`;
      const made = name.startsWith('.tmp-') ? statSync(path, { throwIfNoEntry: false })?.mtimeMs : undefined;
      if (made !== undefined && made < Date.now() - FORGOTTEN_MS) native().removeTree(AT_FDCWD, path);
    }
  }

  #isMade(id: string): boolean {
    return statSync(`${this.#dir}/${id}`, { throwIfNoEntry: false }) !== undefined;
  }

  #file(id: string): string {
    return `${this.#dir}/${id}/network.json`;
  }

  #name(name: string): string {
    return `${this.#dir}/names/${name}`;
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function linkedId(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function parsed(text: string): Partial<NetworkRecord> | undefined {
  try {
    return (JSON.parse(text) as Partial<NetworkRecord> | null) ?? undefined;
  } catch {
    return undefined;
  }
}
