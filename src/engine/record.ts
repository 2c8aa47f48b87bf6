import { existsSync, readdirSync } from 'node:fs';
import { errnoOf, TinyrunError } from '../errors.ts';
import type { ImageDefaults } from '../image/types.ts';
import type { Attachment, BoundPort } from '../network/types.ts';
import { hasLived, isAbandoned } from '../runtime/dir.ts';
import { readState, type StateFile, type Status, statusOf } from '../runtime/state.ts';
import { syncDirectory, type WriteOptions, writeFileAtomic } from '../store/atomic.ts';
import { join } from '../store/join.ts';
import type { Roots } from '../store/paths.ts';
import { readIfExists } from '../store/read.ts';
import { rfc3339 } from '../store/time.ts';
import { hasPolicy, isAgain } from './again.ts';
import type { Health } from './config/health.ts';
import type { ContainerConfig, MountConfig } from './config/types.ts';
import { containerPaths, containersDir, EXIT_FILE } from './layout.ts';
import { fromVersion1, type RecordV1 } from './record-v1.ts';
import { type ContainerStatus, type Facts, statusFrom } from './status.ts';

/**
 * What is kept of a container as long as it exists: container.json in its directory under the data root. The environment
 * and a seccomp profile are in it: nobody but its owner may read it.
 */
export interface ContainerRecord {
  readonly version: 2;
  readonly id: string;
  readonly name: string;
  /** RFC 3339, UTC, like the other times. */
  readonly created: string;
  /** As it was asked for. */
  readonly config: ContainerConfig;
  /** What that was when it was made: `sha256:…` of the configuration, and unpacked layers, top first. */
  readonly image: {
    readonly id: string;
    readonly layers: readonly string[];
    /** Missing in earlier records. */
    readonly word?: ImageWord;
  };
  /** What came of both together, and of this host: */
  readonly argv: readonly string[];
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal: number;
  /** systemd is its PID 1, and has what it wants. */
  readonly systemd?: true;
  /** What tells how it is, where anything does. */
  readonly health?: Health;
  /** AppArmor's profile that it is under: asked for, or the default one of this host. */
  readonly apparmor?: string | undefined;
  readonly mounts: readonly MountPoint[];
  /** Where it has volumes: all that it mounts, with theirs named and placed. */
  readonly placed?: readonly MountConfig[];
  /** Its place in networks, of the last start on. */
  readonly attachments?: readonly Attachment[];
  /** Ports of the host that led to it, of the last start on. */
  readonly ports?: readonly BoundPort[];
  /** What its user wants it to be. Missing: `run` made it, and nobody has said otherwise since. */
  readonly wanted?: 'running' | 'stopped';
  /** Since when it was last wanted running; missing: since it was made, or, where it is wanted stopped, never. */
  readonly started?: string;
  /** Missing until it has ended. Where a monitor saw it, that is in exit.json beside this file. */
  readonly exit?: ContainerExit;
  /** Why its last start failed, with what it would have ended with. */
  readonly failure?: { readonly code: number; readonly message: string };
  /** How often its policy has started it since its user did, and milliseconds that were waited the last time. */
  readonly restarts?: number;
  readonly backoff?: number;
  /** What was before its last start: put back where that never came to its program. */
  readonly before?: Pick<ContainerRecord, 'started' | 'exit' | 'wanted'>;
  /** Of version 1, which does not tell how it was made. */
  readonly partial?: true;
}

/** The words of an image that a container goes by. */
export type ImageWord = Pick<ImageDefaults, 'Env' | 'User' | 'WorkingDir' | 'Volumes' | 'ExposedPorts'>;

/** It was made, and nobody has begun to start it. */
export const neverStarted = ({ wanted, started }: ContainerRecord): boolean =>
  wanted === 'stopped' && started === undefined;

/** Wanted running: what it was stays with it until its program runs. By its policy it was wanted so before. */
export function begun(record: ContainerRecord, byPolicy = false): ContainerRecord {
  const { failure: _, exit, started: __, before: ___, ...rest } = record;
  const before = neverStarted(record)
    ? {}
    : { started: startOf(record), ...(exit && { exit }), ...(byPolicy && { wanted: 'running' as const }) };
  return { ...rest, wanted: 'running', started: rfc3339(), before };
}

/** What it was before a start that never came to its program. */
export function asBefore({ before, started: _, ...rest }: ContainerRecord): ContainerRecord {
  return { ...rest, wanted: 'stopped', ...before };
}

/** As what it has ended: its program's code, or why there was none the last time. */
export const codeOf = ({ exit, failure }: ContainerRecord): number => failure?.code ?? exit?.code ?? 0;

/** Of one that runs, or did: since when, as far as its record knows. */
export const startOf = ({ started, created }: ContainerRecord): string => started ?? created;

/** What of the host is mounted into it. */
export interface MountPoint {
  readonly source: string;
  readonly destination: string;
  /** mount(8)'s; a record of version 1 does not tell. */
  readonly options?: readonly string[];
  readonly volume?: { readonly name: string; readonly anonymous?: boolean };
  /** Whose files these are. */
  readonly image?: string;
}

/** What ended it, as far as its parent saw, or a sweep found. Missing in earlier records. */
export type ExitWhy = 'ended' | 'signal' | 'memory' | 'lifeline killed' | 'host went down';

const SEEN: readonly unknown[] = ['ended', 'signal', 'memory'] satisfies ExitWhy[];

export interface ContainerExit {
  readonly code: number;
  readonly signal?: number;
  readonly started?: string;
  readonly finished: string;
  readonly oomKilled: boolean;
  /** Why nobody saw it end: its command was killed, the host went down. */
  readonly note?: string;
  readonly why?: ExitWhy;
  /** Bytes of memory that it had at most, where the kernel counts them. */
  readonly peak?: number;
}

/** A container as it is now. */
export interface ContainerView {
  readonly record: ContainerRecord;
  /** dead: it has ended, and something of it could not be taken back. */
  readonly status: ContainerStatus;
  /** The runtime's state while it runs. */
  readonly state?: StateFile;
  /** How it is, where anything tells. */
  readonly health?: HealthState;
}

/**
 * `durable` containers outlive a power cut; those of `run --rm` need no fsync. Only for who makes it: all others change
 * what is there, `changeRecord`.
 */
export function writeRecord(roots: Roots, record: ContainerRecord, options: WriteOptions = {}): void {
  const { record: path } = containerPaths(roots, record.id);
  const durable = record.config.autoRemove ? false : (options.durable ?? true);
  writeFileAtomic(path, JSON.stringify(record), { ...options, durable });
}

/** What was left to do of a `durable: 'content'`, while something else goes on. */
export function syncRecord(roots: Roots, { id, config }: ContainerRecord): void {
  const { data } = containerPaths(roots, id);
  if (!config.autoRemove && existsSync(data)) syncDirectory(data);
}

/** @throws TinyrunError STATE_DAMAGED */
export function readRecord(roots: Roots, id: string): ContainerRecord | undefined {
  const path = containerPaths(roots, id).record;
  const text = readIfExists(path);
  if (text === undefined) return undefined;
  let value: Partial<ContainerRecord | RecordV1> | null;
  try {
    value = JSON.parse(text) as typeof value;
  } catch (cause) {
    throw damaged(id, path, (cause as Error).message);
  }
  if (value?.id !== id || typeof value.name !== 'string' || typeof value.created !== 'string')
    throw damaged(id, path, 'it is not the record of this container');
  const record = currentOf(value, (problem) => damaged(id, path, problem));
  const exit = record.exit ?? readExit(id, containerPaths(roots, id).exit);
  return exit ? { ...record, exit } : record;
}

function currentOf(value: { version?: unknown }, damage: (problem: string) => TinyrunError): ContainerRecord {
  if (value.version === 2) return value as ContainerRecord;
  if (value.version === 1) return fromVersion1(value as RecordV1);
  throw damage(`this tinyrun knows versions 1 and 2 of it, not ${JSON.stringify(value.version)}`);
}

/** What a monitor wrote of a container's end (native/init/ending.cc). @throws TinyrunError STATE_DAMAGED */
export function readExit(id: string, path: string): ContainerExit | undefined {
  const text = readIfExists(path);
  if (text === undefined) return undefined;
  try {
    const { code, signal, started, finished, why, peak } = JSON.parse(text) as {
      [K in 'code' | 'signal' | 'started' | 'finished' | 'why' | 'peak']?: unknown;
    };
    if (typeof code !== 'number' || typeof started !== 'string' || typeof finished !== 'string')
      throw new Error('it does not say how the container ended');
    return {
      code,
      started,
      finished,
      oomKilled: why === 'memory',
      ...(SEEN.includes(why) ? { why: why as ExitWhy } : {}),
      ...(typeof peak === 'number' ? { peak } : {}),
      ...(typeof signal === 'number' ? { signal } : {}),
    };
  } catch (cause) {
    throw damaged(id, path, (cause as Error).message);
  }
}

function damaged(id: string, path: string, problem: string): TinyrunError {
  return new TinyrunError('STATE_DAMAGED', `read ${path}: ${problem}`, {
    hint: `tinyrun rm --force ${id.slice(0, 12)} removes what is left of the container`,
  });
}

/** Ids of all containers, half-made ones too. */
export function containerIds(roots: Roots): string[] {
  try {
    return readdirSync(containersDir(roots)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

export function viewOf(roots: Roots, record: ContainerRecord): ContainerView {
  const { run } = containerPaths(roots, record.id);
  const state = record.exit ? undefined : readState(run);
  const status = statusFrom({
    get dir() {
      if (!existsSync(run)) return 'none';
      return isAbandoned(run) ? 'free' : 'held';
    },
    process: state ? PROCESS[statusOf(state)] : 'none',
    get exit() {
      if (record.exit) return 'kept';
      return existsSync(join(run, EXIT_FILE)) ? 'seen' : 'none';
    },
    autoRemove: record.config.autoRemove === true,
    get again() {
      // who removes it has its directory, too
      if (record.failure || !hasPolicy(record) || !hasLived(run)) return false;
      const exit = record.exit ?? readExit(record.id, join(run, EXIT_FILE));
      // or it is just being started so
      return exit ? isAgain(record, exit.code) : record.before?.wanted === 'running';
    },
  });
  const health = record.health && healthState(roots, record);
  return {
    record: status === 'exited' ? withExit(record, run) : record,
    status,
    ...(state && { state }),
    ...(health && { health }),
  };
}

/** As its monitor saw it end: there may be no room to keep that with the record. */
function withExit(record: ContainerRecord, run: string): ContainerRecord {
  const exit = record.exit ?? readExit(record.id, join(run, EXIT_FILE));
  return exit ? { ...record, exit } : record;
}

/** Docker's `State.Health`, as its monitor writes it. */
export interface HealthState {
  readonly Status: 'starting' | 'healthy' | 'unhealthy';
  readonly FailingStreak: number;
  /** The last five. */
  readonly Log: readonly { Start: string; End: string; ExitCode: number; Output: string }[];
}

/** Of one that nothing has told of yet: it starts. */
function healthState(roots: Roots, { id }: ContainerRecord): HealthState {
  const path = containerPaths(roots, id).health;
  const text = readIfExists(path);
  if (text === undefined) return { Status: 'starting', FailingStreak: 0, Log: [] };
  try {
    return JSON.parse(text) as HealthState;
  } catch (cause) {
    throw damaged(id, path, (cause as Error).message);
  }
}

const PROCESS: Readonly<Record<Status, Facts['process']>> = {
  creating: 'waiting',
  created: 'waiting',
  running: 'running',
  paused: 'paused',
  stopped: 'ended',
};

/**
 * The id of a container by its id, an unambiguous beginning of it, or its name.
 * @throws TinyrunError CONTAINER_NOT_FOUND, AMBIGUOUS_ID
 */
export function findId(roots: Roots, text: string, nameHolder: (name: string) => string | undefined): string {
  const ids = containerIds(roots);
  if (ids.includes(text)) return text;
  const named = nameHolder(text);
  if (named !== undefined && ids.includes(named)) return named;
  const matches = /^[0-9a-f]+$/.test(text) ? ids.filter((id) => id.startsWith(text)) : [];
  if (matches.length === 1 && matches[0]) return matches[0];
  if (matches.length > 1)
    throw new TinyrunError('AMBIGUOUS_ID', `container id ${text}: several containers start with it`);
  throw new TinyrunError('CONTAINER_NOT_FOUND', `no such container: ${text}`);
}
