import { existsSync } from 'node:fs';
import type { Fd } from '../native/types.ts';
import type { Plan } from '../plan/types.ts';
import { type Monitored, startMonitor } from '../runtime/monitor/client.ts';
import type { Messages } from '../runtime/monitor/messages.gen.ts';
import { encodeMessage } from '../runtime/monitor/messages.ts';
import type { Forwarding } from '../runtime/signals.ts';
import type { Roots } from '../store/paths.ts';
import type { Created } from './create.ts';
import { containerPaths } from './layout.ts';
import type { Blueprint } from './prepare.ts';
import { relayOf, type StreamsOfRun } from './streams.ts';
import { sweepOne } from './sweep.ts';
import type { RunControl, RunResult } from './types.ts';

/** A person who waits for a container, and may lose patience. */
export interface Waiting {
  readonly forwarding: Forwarding | undefined;
  /** Resolves when its end was asked for three times. */
  readonly insisted: Promise<void>;
}

/** What is under way: the monitor, and the relay between its pipes and the caller's streams. */
export interface Attached {
  readonly monitor: Monitored;
  readonly streams: StreamsOfRun;
}

/** Has a monitor run the plan. @throws with nothing of its processes left */
export async function bearMonitored(
  blueprint: Blueprint,
  { paths, dir: { lock } }: Created,
  { plan, cgroup, control }: { plan: Plan; cgroup: string | undefined; control: RunControl },
): Promise<Attached> {
  const { streams, owner, input } = relayOf(blueprint, control);
  try {
    const [source, output, errors] = streams.stdio;
    const stdio: { input?: Fd; output: Fd; errors: Fd } = {
      output,
      errors,
      ...(input ? { input: source } : {}),
    };
    const monitor = await startMonitor({
      plan,
      run: paths.run,
      data: paths.data,
      cgroup,
      lock: lock.fd,
      stdio,
      ...(owner === undefined ? {} : { owner }),
    });
    // it holds the lock now, and the ends of the pipes that are its own
    lock.release();
    const [first, second] = [1, 2].map((stream) => encodeMessage('brokenPipe', { stream }));
    if (first && second) streams.tellBroken(monitor.socket, first, second);
    streams.start();
    return { monitor, streams };
  } catch (error) {
    streams.drop();
    throw error;
  }
}

/** Stays until the container has ended and its monitor has taken it back, or somebody insists. */
export async function attendMonitored(
  roots: Roots,
  blueprint: Blueprint,
  { monitor, streams }: Attached,
  { forwarding, insisted }: Waiting,
): Promise<{ result: RunResult; failure: Error | undefined }> {
  forwarding?.to(monitor.pidfd, monitor.pid);
  const giveBack = await lend(blueprint, monitor);
  // a monitor waits for who reads slowly, unless it is told that nobody will
  void insisted.then(() => monitor.tell('attach', { stdin: 0, output: 0 }));
  const exit = await monitor.ended;
  // the pidfd's number may soon be another file's
  forwarding?.drop();
  const written = streams.finish().then(
    () => undefined,
    (error: Error) => error,
  );
  const failure = (await Promise.race([written, insisted])) ?? undefined;
  giveBack?.();
  // A monitor that was killed took its container along; one that could not take all of it back has left the journal. Either
  // is for a sweep, which tells what it cannot do.
  if (existsSync(containerPaths(roots, blueprint.record.id).run)) sweepOne(roots, blueprint.record.id);
  return { result: resultOf(blueprint.record.id, exit), failure };
}

async function lend({ config }: Blueprint, monitor: Monitored): Promise<(() => void) | undefined> {
  if (!config.tty) return undefined;
  const { lendTerminal } = await import('../runtime/terminal.ts');
  return lendTerminal({
    stdin: config.openStdin === true,
    onSize: (size) => monitor.tell('resize', size),
  });
}

const KILLED: Messages['exit'] = { code: 137, signal: 9, started: '', finished: '', why: 'lifeline killed' };

function resultOf(id: string, { code, signal, why }: Messages['exit'] = KILLED): RunResult {
  return { id, exitCode: code, oomKilled: why === 'memory', ...(signal === 0 ? {} : { signal }) };
}
