import { SIGKILL } from '../spec/linux.ts';
import type { ContainerExit, ContainerRecord } from './record.ts';
import type { Sent } from './sent.ts';
import type { ContainerStatus } from './status.ts';

/** Why a container is as it is. */
export type Reason =
  /** It runs, or is paused. */
  | 'running'
  /** It was made, and nobody has started it. */
  | 'created'
  /** Its last start failed before its program ran. */
  | 'not started'
  /** Its program ended by itself. */
  | 'ended'
  /** A signal ended it: `by` who sent it, where we know. */
  | 'signal'
  /** The kernel killed it, or a process of it, for memory. */
  | 'memory'
  /** It was asked to end, and killed when its time was over. */
  | 'grace over'
  /** Its parent, a monitor or a command, was killed, and it with that. */
  | 'lifeline killed'
  | 'host went down';

/** All that is known of how it ended, as data. */
export interface Why {
  readonly reason: Reason;
  /** Its program's, or what Docker has for one that could not be started. */
  readonly code: number;
  readonly signal?: number;
  /** Who sent that signal; to one that runs, the last that it lives on after. */
  readonly by?: Sent;
  /** Who had asked it to end before, where it was killed in the end. */
  readonly asked?: Sent;
  readonly memory?: { readonly limit?: number; readonly peak?: number };
  /** A process of it was killed for memory, and its program went on to end by itself. */
  readonly isOther?: true;
  /** What kept it from starting, or what of it could not be taken back. */
  readonly message?: string;
}

interface Facts {
  readonly record: ContainerRecord;
  readonly status: ContainerStatus;
  /** Since it was started the last time. */
  readonly sent: readonly Sent[];
}

const RUNS: readonly ContainerStatus[] = ['running', 'paused', 'restarting', 'removing'];

export function whyOf({ record, status, sent }: Facts): Why {
  const { exit, failure } = record;
  const last = sent.at(-1);
  if (RUNS.includes(status)) return { reason: 'running', code: 0, ...(last && { by: last }) };
  if (failure) return { reason: 'not started', code: failure.code, message: failure.message };
  if (!exit) return { reason: 'created', code: 0 };
  const { note } = exit;
  return { ...endOf(record, exit, sent), ...(note !== undefined && { message: note }) };
}

function endOf(record: ContainerRecord, exit: ContainerExit, sent: readonly Sent[]): Why {
  const { code } = exit;
  const signal = exit.signal ?? signalOfInit(record, code);
  const ended = { code, ...(signal !== undefined && { signal }) };
  if (exit.why === 'lifeline killed' || exit.why === 'host went down') return { reason: exit.why, ...ended };
  const { limit, peak } = { limit: record.config.limits?.memory, peak: exit.peak };
  if (exit.oomKilled) {
    const isOther = signal !== SIGKILL && code !== 128 + SIGKILL;
    return {
      reason: 'memory',
      ...ended,
      memory: { ...(limit && { limit }), ...(peak !== undefined && { peak }) },
      ...(isOther && { isOther }),
    };
  }
  const asked = askedOf(sent);
  if (signal === undefined) return { reason: 'ended', ...ended, ...(asked && { asked }) };
  const by = sent.findLast((one) => one.signal === signal);
  if (by?.graceMs !== undefined) return { reason: 'grace over', ...ended, by, ...(asked && { asked }) };
  return { reason: 'signal', ...ended, ...(by && { by }), ...(!by && asked && { asked }) };
}

/** The init of ours ends as its program did: by a code, for what a signal ended. */
const signalOfInit = ({ config }: ContainerRecord, code: number): number | undefined =>
  config.init && code > 128 && code <= 128 + 64 ? code - 128 : undefined;

const ASKS: readonly Sent['by'][] = ['stop', 'stop-all', 'restart'];

/** The last that was meant to end it and left it time. */
const askedOf = (sent: readonly Sent[]): Sent | undefined =>
  sent.findLast(({ by, graceMs }) => ASKS.includes(by) && graceMs === undefined);
