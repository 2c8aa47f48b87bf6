import { containerPaths } from '../../engine/layout.ts';
import type { ContainerExit, ContainerRecord, ContainerView } from '../../engine/record.ts';
import { isRunning } from '../../engine/status.ts';
import { toldCode, waitForContainer } from '../../engine/stop.ts';
import { attachTo } from '../../runtime/monitor/attach.ts';
import { signalName } from '../../spec/linux.ts';
import type { Roots } from '../../store/paths.ts';
import { rfc3339 } from '../../store/time.ts';
import { howEnded } from '../result.ts';
import type { ContainerEnd } from './types.ts';

export type Exit = Pick<ContainerExit, 'code' | 'signal' | 'oomKilled' | 'finished'>;

/** The end of the life that a container has. */
export interface Ending {
  /** Told by its monitor, when all of it is taken back; undefined: its record knows, if anything does. */
  readonly ended: Promise<Exit | undefined>;
  /** Nobody waits any more. */
  close(): void;
}

const over: Ending = { ended: Promise.resolve(undefined), close: () => {} };

/** Of one that was looked at; one that does not run has ended. */
export async function endingOf(roots: Roots, view: ContainerView): Promise<Ending> {
  const { id } = view.record;
  if (!isRunning(view)) return over;
  const monitor = await attachTo(containerPaths(roots, id).run);
  if (monitor) {
    const ended = monitor.ended.then((exit) => exit && { ...exit, oomKilled: exit.why === 'memory' });
    return { ended, close: monitor.close };
  }
  if (view.state?.lifeline === 'monitor') return over;
  // of a command: nothing tells of its end but its process, and that for as long as it lives
  const ended = waitForContainer(roots, id).then(
    (code) => ({ code, oomKilled: false, finished: rfc3339() }),
    () => undefined,
  );
  return { ended, close: () => {} };
}

/** The end of one that went with it, sooner than its monitor could be asked: by the events. */
export async function endOfGone(roots: Roots, record: ContainerRecord): Promise<ContainerEnd | undefined> {
  const code = await toldCode(roots, record);
  return code === undefined ? undefined : endOf(record.name, { code, oomKilled: false, finished: rfc3339() });
}

/** How it has ended, by what was told or what is kept; undefined: it never ran, or nobody knows. */
export function endOf(
  name: string,
  told: Exit | undefined,
  record?: ContainerRecord,
): ContainerEnd | undefined {
  const exit = record?.exit ?? told;
  if (exit === undefined) return undefined;
  const { code, signal, oomKilled, finished } = exit;
  const ended = { exitCode: code, oomKilled, ...(signal !== undefined && { signal }) };
  return {
    ...ended,
    ...(signal !== undefined && { signalName: signalName(signal) }),
    failed: code !== 0,
    finished,
    shortMessage: `${name} ${howEnded(ended)}`,
  };
}
