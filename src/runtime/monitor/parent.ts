import type { Streams } from '../../native/types.ts';
import type { Plan } from '../../plan/types.ts';
import { rfc3339 } from '../../store/time.ts';
import type { ClaimedDir } from '../dir.ts';
import type { Birth, ExitRecord, Joined, Life, Parent } from '../life.ts';
import { signalPidfd } from '../pidfd.ts';
import { type Monitored, startMonitor } from './client.ts';
import { encodeMessage } from './messages.ts';
import type { Afterwards, Order } from './order.ts';

/** A container's monitor, which takes it back, too. */
export interface MonitorsChild {
  /** Its lock is handed over. */
  readonly dir: Pick<ClaimedDir, 'path' | 'lock'>;
  /** Where exit.json stays, and the log. */
  readonly data: string;
  /** None: nobody is there to type and read. */
  readonly relay?: Relay | undefined;
  /** What is typed at our terminal goes to its, until these keys (bytes; none: nothing leaves) leave it. */
  readonly detachKeys?: readonly number[] | undefined;
  /** Takes back what outlives a container that is kept; none: it is kept. */
  readonly remove?: Plan;
  /** Of the container's own pipes, a uid of the host. */
  readonly owner?: number | undefined;
  /** Its input has not ended where ours has: clients may go on. */
  readonly stays?: boolean;
  readonly log?: Order['log'];
  readonly events?: Order['events'];
  /** What it becomes once all is taken back, where the policy says so. */
  readonly afterwards?: Afterwards | undefined;
  /** In its cgroup. */
  readonly further?: Order['further'];
  readonly health?: ((cgroup: string | undefined) => Order['health']) | undefined;
}

/** What joins a monitor to this process's streams: pipes, which the monitor copies to and from those of the container. */
export interface Relay {
  readonly streams: Streams;
  /** Something may be typed. */
  readonly input: boolean;
}

/** A monitor as a parent. */
export function ofMonitor(child: MonitorsChild): Parent {
  return { streams: child.relay?.streams, run: (birth) => run(birth, child) };
}

async function run({ plan, cgroup }: Birth, child: MonitorsChild): Promise<Life> {
  const { dir, data, relay, owner, remove, stays = false, log, events, afterwards, health, further } = child;
  const monitor = await startMonitor({
    plan,
    run: dir.path,
    data,
    cgroup,
    lock: dir.lock.fd,
    stdio: endsOf(relay),
    stays,
    log,
    events,
    afterwards,
    health: health?.(cgroup),
    further,
    ...(owner === undefined ? {} : { owner }),
    ...(remove === undefined ? {} : { remove }),
  });
  // it holds the lock now, and the ends of the pipes that are its own
  dir.lock.release();
  if (relay) tellBroken(relay.streams, monitor);
  const hasTerminal = plan.steps.some(({ op }) => op === 'console');
  const { pid, pidfd, startTime } = monitor;
  const leaving = newLeaving();
  return {
    pid,
    pidfd,
    startTime,
    results: [],
    signal: (signal) => signalPidfd(pidfd, signal),
    join: async (how) => {
      const joined = hasTerminal
        ? await joinTerminal(monitor, how, leaving.leave, child.detachKeys)
        : undefined;
      relay?.streams.start();
      return joined;
    },
    // it waits for who reads slowly, unless it is told that nobody will
    leave: () => monitor.tell('attach', { stdin: 0, output: 0 }),
    ended: async () => {
      const exit = await Promise.race([monitor.ended(), leaving.left]);
      return exit === 'left' ? { exit: killed(), isDetached: true } : { exit: exit ?? killed() };
    },
    written: async () => await relay?.streams.finish(),
    forget: () => monitor.forget(),
  };
}

function newLeaving() {
  let leave = () => {};
  const left = new Promise<'left'>((resolve) => {
    leave = () => resolve('left');
  });
  return { left, leave: () => leave() };
}

/** Ours is its for now. What is typed goes as messages: the keys that leave it are looked for. */
async function joinTerminal(
  monitor: Monitored,
  how: Parameters<Life['join']>[0],
  onLeave: () => void,
  keys: readonly number[] | undefined,
): Promise<Joined> {
  const { lendTerminal } = await import('../terminal.ts');
  const giveBack = lendTerminal({ ...how, onSize: (size) => monitor.tell('resize', size) });
  if (keys === undefined) return { detach: giveBack };
  const { passTyping } = await import('../typing.ts');
  const type = (data: Uint8Array) => {
    for (let at = 0; at < data.length; at += MOST_TYPED)
      monitor.tell('stdin', { data: data.subarray(at, at + MOST_TYPED) });
    return true;
  };
  // a terminal is left, not ended
  const stop = passTyping({ type, onDrain: () => {}, onEnd: () => {}, onLeave, keys });
  return {
    detach: () => {
      stop();
      giveBack();
    },
  };
}

/** Of a message to a monitor (native/init/message.h, kLongest), without its header. */
const MOST_TYPED = 2000;

function endsOf(relay: Relay | undefined): Order['stdio'] {
  if (!relay) return {};
  const [source, output, errors] = relay.streams.stdio;
  return { output, errors, ...(relay.input ? { input: source } : {}) };
}

function tellBroken(streams: Streams, { socket }: Monitored): void {
  const [first, second] = [1, 2].map((stream) => encodeMessage('brokenPipe', { stream }));
  if (first && second) streams.tellBroken(socket, first, second);
}

/** Nobody has seen its end. */
export const killed = (): ExitRecord => ({
  code: 137,
  signal: 9,
  finished: rfc3339(),
  why: 'lifeline killed',
});
