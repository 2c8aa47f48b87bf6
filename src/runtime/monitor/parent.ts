import type { Streams } from '../../native/types.ts';
import { rfc3339 } from '../../store/time.ts';
import type { ClaimedDir } from '../dir.ts';
import type { Birth, ExitRecord, Life, Parent } from '../life.ts';
import { signalPidfd } from '../pidfd.ts';
import { startMonitor } from './client.ts';
import { encodeMessage } from './messages.ts';

/** A container's monitor, which takes it back, too. */
export interface MonitorsChild {
  /** Its lock is handed over. */
  readonly dir: ClaimedDir;
  /** Where exit.json stays. */
  readonly data: string;
  readonly relay: Relay;
  // What the monitor becomes once all is taken back, `afterwards: readonly string[]`, comes with the restart policy.
}

/** What joins a monitor to this process's streams: pipes, which the monitor copies to and from those of the container. */
export interface Relay {
  readonly streams: Streams;
  /** Something may be typed. */
  readonly input: boolean;
  /** Of the container's own pipes, a uid of the host. */
  readonly owner?: number | undefined;
}

/** A monitor as a parent. */
export function ofMonitor(child: MonitorsChild): Parent {
  return { streams: child.relay.streams, run: (birth) => run(birth, child) };
}

async function run({ plan, cgroup }: Birth, { dir, data, relay }: MonitorsChild): Promise<Life> {
  const { streams, input, owner } = relay;
  const [source, output, errors] = streams.stdio;
  const monitor = await startMonitor({
    plan,
    run: dir.path,
    data,
    cgroup,
    lock: dir.lock.fd,
    stdio: { output, errors, ...(input ? { input: source } : {}) },
    ...(owner === undefined ? {} : { owner }),
  });
  // it holds the lock now, and the ends of the pipes that are its own
  dir.lock.release();
  const [first, second] = [1, 2].map((stream) => encodeMessage('brokenPipe', { stream }));
  if (first && second) streams.tellBroken(monitor.socket, first, second);
  const hasTerminal = plan.steps.some(({ op }) => op === 'console');
  const { pid, pidfd, startTime } = monitor;
  return {
    pid,
    pidfd,
    startTime,
    results: [],
    signal: (signal) => signalPidfd(pidfd, signal),
    join: async (how) => {
      const terminal = hasTerminal ? await import('../terminal.ts') : undefined;
      const detach = terminal?.lendTerminal({ ...how, onSize: (size) => monitor.tell('resize', size) });
      streams.start();
      return detach && { detach };
    },
    // it waits for who reads slowly, unless it is told that nobody will
    leave: () => monitor.tell('attach', { stdin: 0, output: 0 }),
    ended: async () => ({ exit: (await monitor.ended()) ?? killed() }),
    written: () => streams.finish(),
  };
}

const killed = (): ExitRecord => ({ code: 137, signal: 9, finished: rfc3339(), why: 'lifeline killed' });
