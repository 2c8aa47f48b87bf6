import { existsSync } from 'node:fs';
import { type ClaimedExec, claimExec, execPath, forgetExec } from '../../runtime/execs.ts';
import { bear, type Life } from '../../runtime/life.ts';
import { type MonitorsChild, ofMonitor } from '../../runtime/monitor/parent.ts';
import { eventsPath } from '../../store/events.ts';
import type { Roots } from '../../store/paths.ts';
import type { ExecConfig } from '../config/types.ts';
import { monitorsParts } from '../events/tell.ts';
import { containerPaths } from '../layout.ts';
import { keysOf, lost } from '../run.ts';
import { notRunning } from '../running.ts';
import { ownerOf, relayOf } from '../streams.ts';
import type { ExecControl, ExecResult } from '../types.ts';
import { attending, orGone, type PlannedExec, planExec, tellingExec } from './exec.ts';
import { takeBackExecs } from './execs.ts';

// A further program that does not end with its command: a monitor is its parent, with a directory of its own.

/** Waits for it with this process's streams joined to its terminal, until it has ended or is left. */
export async function execAttached(
  roots: Roots,
  planned: PlannedExec,
  control: ExecControl,
): Promise<ExecResult> {
  const { record, config } = planned;
  const { life, told } = await begin(roots, planned, () => {
    const relay = relayOf(planned, control);
    // what is typed at our terminal comes as messages, and who joins it later may go on
    const stays = config.openStdin === true && !relay.input;
    return { relay, detachKeys: keysOf(planned, control), stays };
  });
  const { exit, isDetached, lost: cause } = await attending(life, config, control);
  if (isDetached) {
    told.detached();
    return { exitCode: 0, isDetached };
  }
  const { run } = containerPaths(roots, record.id);
  if (existsSync(execPath(run, told.id))) takeBackExecs(roots, record);
  if (cause) throw lost(cause);
  return { exitCode: exit.code, ...(exit.signal === undefined ? {} : { signal: exit.signal }) };
}

/** A program that was left to itself. */
export interface DetachedExec {
  /** 64 hexadecimal digits, as `ExecIDs` and events have it. */
  readonly id: string;
  /** As the host counts. */
  readonly pid: number;
}

/** Runs it without waiting; who comes later may attach to it. */
export async function execAlone(roots: Roots, container: string, config: ExecConfig): Promise<DetachedExec> {
  const planned = planExec(roots, container, config, { isKept: true });
  const stays = config.tty === true || config.openStdin === true;
  const { life, told } = await begin(roots, planned, () => ({ stays }));
  life.forget();
  return { id: told.id, pid: life.pid };
}

type Joining = Pick<MonitorsChild, 'relay' | 'detachKeys' | 'stays'>;

async function begin(roots: Roots, planned: PlannedExec, joining: () => Joining) {
  const { record } = planned;
  const { run } = containerPaths(roots, record.id);
  takeBackExecs(roots, record);
  const told = tellingExec(roots, planned);
  const dir = claimExec(run, told.id);
  if (dir === undefined) throw notRunning(record.name, 'exited');
  try {
    told.created();
    return { told, life: await bearFurther(roots, planned, { ...joining(), dir }, told) };
  } catch (error) {
    told.started();
    dir.lock.release();
    forgetExec(run, told.id);
    throw orGone(planned, error);
  }
}

async function bearFurther(
  roots: Roots,
  planned: PlannedExec,
  child: Joining & { readonly dir: ClaimedExec },
  { id, start }: ReturnType<typeof tellingExec>,
): Promise<Life> {
  const { plan, state, joined, record } = planned;
  const owner = ownerOf(planned);
  const [head, attributes, rest] = monitorsParts(record);
  const parent = ofMonitor({
    ...child,
    // a rename of the container is read there
    data: containerPaths(roots, record.id).data,
    ...(owner === undefined ? {} : { owner }),
    further: { slot: joined, actions: [escaped(start), 'exec_die'] },
    events: { file: eventsPath(roots), parts: [head, `${attributes}"execID":"${id}",`, rest], after: [] },
  });
  return await bear({ plan, cgroup: state.cgroup, parent });
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);
