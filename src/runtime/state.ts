import { existsSync, readFileSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import type { StepArgs } from '../plan/steps.gen.ts';
import { parseJson } from '../spec/parse.ts';
import type { Hooks, Spec, State } from '../spec/types.ts';
import { writeFileAtomic } from '../store/atomic.ts';
import { join } from '../store/join.ts';
import { readIfAny, readIfExists } from '../store/read.ts';
import { isFrozen } from './whereabouts.ts';

/** Exists once there is a container. */
export const STATE_FILE = 'state.json';

/** The spec that its plan was made of. */
export const CONFIG_FILE = 'config.json';

/** Whose death is the container's: its parent, which holds the lock of its directory. */
export type Lifeline = 'command' | 'monitor';

/** The four states of the runtime specification, and runc's `paused`. */
export type Status = 'creating' | 'created' | 'running' | 'paused' | 'stopped';

/** What is kept of a container between commands; runtime-spec "State" and what our own verbs need. */
export interface StateFile {
  readonly version: 1;
  readonly id: string;
  readonly ociVersion: string;
  /** Absolute path of the bundle. */
  readonly bundle: string;
  /** Absolute path of the root filesystem on the host. */
  readonly rootfs: string;
  /** RFC 3339, UTC. */
  readonly created: string;
  /** uid that made it. */
  readonly owner: number;
  readonly pid: number;
  /** Clock ticks since boot, decimal. */
  readonly startTime: string;
  /** /proc/sys/kernel/random/boot_id at creation. */
  readonly bootId: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Absolute path of the container's cgroup2 directory; absent where it has none of its own. */
  readonly cgroup?: string;
  /** Absent: it was made for somebody else, who takes it back (tinyrunc). */
  readonly lifeline?: Lifeline;
  /** The exec fifo; while it exists the container is `created`. */
  readonly fifo: string;
  /** The systemd unit that owns the cgroup. */
  readonly scope?: string;
  /** Hooks that run after this: config.json may have changed by then. */
  readonly hooks?: Pick<Hooks, 'poststart' | 'poststop'>;
}

/** A container as its directory tells of it. */
export interface Container {
  /** Absolute path. */
  readonly dir: string;
  readonly state: StateFile;
}

/** Writes state.json whole; the container exists from here on. */
export function writeState(dir: string, state: StateFile): void {
  writeFileAtomic(join(dir, STATE_FILE), JSON.stringify(state));
}

/** The same by a plan's own hand, around what only its host lane will know: pid and start time. */
export function publishedState(
  dir: string,
  state: Omit<StateFile, 'pid' | 'startTime'>,
): StepArgs['publish'] {
  return {
    path: join(dir, STATE_FILE),
    head: `${JSON.stringify(state).slice(0, -1)},"pid":`,
    middle: ',"startTime":"',
    tail: '"}',
  };
}

/** The state of a container, undefined when there is none. @throws TinyrunError (STATE_DAMAGED) */
export function readState(dir: string): StateFile | undefined {
  const text = readIfExists(join(dir, STATE_FILE));
  return text === undefined ? undefined : parseState(text, join(dir, STATE_FILE));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields without which no verb could work; `parseState` refuses a file that lacks one. */
const REQUIRED: readonly (readonly [keyof StateFile & string, string])[] = [
  ['id', 'string'],
  ['bundle', 'string'],
  ['rootfs', 'string'],
  ['created', 'string'],
  ['pid', 'number'],
  ['startTime', 'string'],
  ['bootId', 'string'],
  ['fifo', 'string'],
];

export function parseState(text: string, path: string): StateFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new TinyrunError('STATE_DAMAGED', `read ${path}: ${(error as Error).message}`);
  }
  const wrong = isRecord(value)
    ? REQUIRED.find(([field, type]) => typeof (value as Record<string, unknown>)[field] !== type)?.[0]
    : 'the object';
  if (wrong !== undefined) throw new TinyrunError('STATE_DAMAGED', `read ${path}: ${wrong} is missing`);
  return value as StateFile;
}

let bootIdCache: string | undefined;

/** The kernel's name for this boot; random(4). */
export function bootId(): string {
  bootIdCache ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return bootIdCache;
}

/** State letter, number of threads and start time of a process, from /proc/PID/stat; proc_pid_stat(5). */
export function parseStat(text: string): { state: string; threads: number; startTime: string } {
  // The second field is the program's name in parentheses and may hold anything, spaces and ')' too.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? 'X', threads: Number(fields[17]), startTime: fields[19] ?? '0' };
}

/**
 * Whether the process of a state is the one that was started, and alive: same boot, same start time, no zombie; one that is
 * none but in its first thread goes on.
 */
export function isAlive(state: Pick<StateFile, 'pid' | 'startTime' | 'bootId'>): boolean {
  if (state.pid <= 0 || state.bootId !== bootId()) return false;
  const text = readIfAny(`/proc/${state.pid}/stat`);
  if (text === undefined) return false;
  const { state: letter, threads, startTime } = parseStat(text);
  return startTime === state.startTime && (threads > 1 || (letter !== 'Z' && letter !== 'X'));
}

/** The fifo's presence tells `created` from `running`: start unlinks it. */
function fifoExists(path: string): boolean {
  return path !== '' && existsSync(path);
}

/** The status of a container as the kernel has it now. */
export function statusOf(state: StateFile): Status {
  if (!isAlive(state)) return 'stopped';
  if (isFrozen(state)) return 'paused';
  return fifoExists(state.fifo) ? 'created' : 'running';
}

/** The state as the specification has it, for `state` and for hooks; runtime.md, "State". */
export function specState(state: StateFile, status: Status): State {
  return {
    ociVersion: state.ociVersion,
    id: state.id,
    status,
    ...(status === 'stopped' ? {} : { pid: state.pid }),
    bundle: state.bundle,
    ...(state.annotations === undefined ? {} : { annotations: state.annotations }),
  };
}

/** config.json as it was when the container was created. */
export function containerSpec(dir: string): Spec {
  const path = join(dir, CONFIG_FILE);
  return parseJson(readFileSync(path, 'utf8'), path) as Spec;
}
