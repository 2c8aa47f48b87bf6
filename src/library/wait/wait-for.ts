import { checkInteger } from '../../engine/config/error.ts';
import { findIfThere } from '../../engine/manage.ts';
import { awaitChange } from '../../engine/moves.ts';
import type { ContainerView, HealthState } from '../../engine/record.ts';
import { isRunning } from '../../engine/status.ts';
import { TinyrunError } from '../../errors.ts';
import type { Roots } from '../../store/paths.ts';
import { MOST_MS } from '../begin.ts';
import { deedOf, kindOf, type Waiting } from './conditions.ts';
import { abortOf, type Deadline, deadlineOf } from './deadline.ts';
import { type Exit, endingOf, endOf, endOfGone } from './end.ts';
import { WaitError, type WaitErrorCode, type WaitFacts } from './error.ts';
import { healthOf } from './health.ts';
import { lineOf } from './log.ts';
import { listening } from './port.ts';
import type { ContainerEnd, LogMatch, WaitFor, WaitOptions } from './types.ts';

type Answer = LogMatch | HealthState | ContainerEnd | undefined;

/** What is waited for, of whom, and how long. */
interface Wait {
  readonly roots: Roots;
  readonly id: string;
  readonly what: WaitFor;
  readonly deadline: Deadline;
  readonly timeout: number;
  /** The last lines that went by. */
  readonly seen: string[];
}

/** Lines that an error has. */
const LAST = 10;

/** @throws WaitError; ConfigError; CONTAINER_NOT_FOUND, CONTAINER_NOT_RUNNING of one that nobody has started; the signal's reason */
export async function waitFor(
  roots: Roots,
  id: string,
  what: WaitFor,
  { timeout = 0, signal }: WaitOptions = {},
): Promise<Answer> {
  const kind = kindOf(what);
  checkInteger('timeout', timeout, { min: 0, max: MOST_MS });
  signal?.throwIfAborted();
  const deadline = deadlineOf(timeout, signal);
  const wait: Wait = { roots, id, what, deadline, timeout, seen: [] };
  try {
    for (let view = startedView(wait); ; view = startedView(wait)) {
      const { name } = view.record;
      const { found, told } = await inLife(wait, view);
      if (found !== undefined) return answered(wait, name, found);
      if (deadline.signal.aborted) throw await givenUp(wait, name);
      const now = told ? findIfThere(roots, id) : await settled(wait);
      const end = endOf(name, told, now?.record) ?? (now ? undefined : await endOfGone(roots, view.record));
      if (kind === 'exit' && end) return end;
      if (!(now && goesOn(now))) throw await failure(wait, 'CONTAINER_ENDED', name, { exit: end });
      // its policy has it started again, or somebody has
      await awaitChange(roots, id, ({ status }) => status !== 'restarting' || deadline.signal.aborted);
    }
  } finally {
    deadline.clear();
  }
}

/** Its process has gone, and its monitor may be about to write down how: it could not be asked any more. */
async function settled({ roots, id, deadline }: Wait): Promise<ContainerView | undefined> {
  const isSettled = (view: ContainerView) => view.record.exit !== undefined || goesOn(view);
  const view = findIfThere(roots, id);
  if (view === undefined || isSettled(view)) return view;
  await awaitChange(roots, id, (now) => isSettled(now) || deadline.signal.aborted);
  return findIfThere(roots, id);
}

const goesOn = (view: ContainerView): boolean => isRunning(view) || view.status === 'restarting';

/** @throws TinyrunError CONTAINER_NOT_FOUND, CONTAINER_NOT_RUNNING */
function startedView({ roots, id }: Wait): ContainerView {
  const view = findIfThere(roots, id);
  if (view === undefined) throw new TinyrunError('CONTAINER_NOT_FOUND', `no such container: ${id}`);
  if (view.status !== 'created') return view;
  throw new TinyrunError('CONTAINER_NOT_RUNNING', `container ${view.record.name} has not been started`, {
    hint: 'start it first: nothing comes of it before',
  });
}

/** What was found in this life of it: undefined where that has ended, or nobody waits any more. */
async function inLife(wait: Wait, view: ContainerView) {
  const { roots, deadline, seen } = wait;
  const { signal } = deadline;
  const ending = await endingOf(roots, view);
  const over = new AbortController();
  const abort = abortOf(signal);
  let told: Exit | undefined;
  const ended = ending.ended.then((exit) => {
    told = exit;
    over.abort();
  });
  void abort.aborted.then(() => over.abort());
  const see = (line: string) => {
    if (seen.push(line) > LAST) seen.shift();
  };
  try {
    const found = await conditionOf(wait.what, { roots, view, signal, over: over.signal, see });
    if (found === undefined) await Promise.race([ended, abort.aborted]);
    return { found, told };
  } finally {
    abort.clear();
    ending.close();
  }
}

async function conditionOf(
  what: WaitFor,
  waiting: Waiting,
): Promise<LogMatch | HealthState | true | undefined> {
  if ('log' in what) return await lineOf(what, waiting);
  if ('port' in what) return await listening(what.port, waiting);
  return 'health' in what ? await healthOf(waiting) : undefined;
}

async function answered(wait: Wait, name: string, found: LogMatch | HealthState | true): Promise<Answer> {
  if (found === true) return undefined;
  if ('line' in found || found.Status === 'healthy') return found;
  throw await failure(wait, 'CONTAINER_UNHEALTHY', name, { health: found });
}

async function givenUp(wait: Wait, name: string): Promise<unknown> {
  const { deadline } = wait;
  return deadline.isLate ? await failure(wait, 'TIMED_OUT', name) : deadline.signal.reason;
}

async function failure(
  { roots, id, what, timeout, seen }: Wait,
  code: WaitErrorCode,
  name: string,
  facts: Pick<WaitFacts, 'exit' | 'health'> = {},
): Promise<WaitError> {
  const { lastLines } = await import('../../engine/explain-end.ts');
  const kept = await lastLines(roots, id, LAST);
  const deed = deedOf(what);
  const { FailingStreak: failures = 0 } = facts.health ?? {};
  const message = {
    CONTAINER_ENDED: `${facts.exit?.shortMessage ?? `${name} is gone`} before it ${deed}`,
    CONTAINER_UNHEALTHY: `${name} is unhealthy: ${failures} checks on end failed`,
    TIMED_OUT: `${timeout} ms were over before ${name} ${deed}`,
  };
  return new WaitError(code, message[code], { id, log: kept.length > 0 ? kept : seen, ...facts });
}
