import { errnoOf } from '../../errors.ts';
import type { UnpackJob } from '../../image/unpack/unpack.ts';
import type { Machine, MachineOptions, Outcome } from '../../native/types.ts';
import type { Plan } from '../../plan/types.ts';
import { decodeMessage, type Message } from '../../runtime/monitor/messages.ts';
import type { Roots } from '../../store/paths.ts';
import { containerPaths } from '../layout.ts';
import { type Deed, Teller, type Told } from './deed.ts';
import { containerOf, endOf } from './lifelines.ts';
import { isUndoList, keepReasons, MONITOR, planFrom, resultsOf, stepsOf } from './plans.ts';
import { realFs } from './real.ts';
import { whyOf } from './rehearsal.ts';
import { aside, type Callable, type Session, timed } from './session.ts';
import { watchedBy } from './sockets.ts';
import { wordOf } from './stand-in-addon.ts';
import { ADDON, type Eyes, FILES, fdPath, pidOf, type Telling } from './tellings.ts';
import { unpacks } from './threads.ts';
import { World } from './world.ts';

const EYES: Eyes = {
  has: (path) => realFs.existsSync(path),
  isDirectory: (path) => realFs.lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
  pathOf: fdPath,
  pidOf,
};

type Tells = Readonly<Record<string, (eyes: Eyes, ...args: unknown[]) => Telling | undefined>>;

/** Tells what is done to the system as it is done; `own` plans are told by who runs them, all but those that take back. */
export function witness(
  roots: Roots,
  onDeed: (deed: Deed) => void,
  { own = false } = {},
): Session & { end(): void } {
  keepReasons();
  const teller = new Teller(onDeed);
  const others = new Others(roots, (deed) => teller.tell(deed));
  const tell = (told: Told): void => {
    others.look();
    teller.tell(told);
  };
  const around: Readonly<Record<string, (done: Callable) => Callable>> = {
    machine: (done) => (bytes: Uint8Array, options: MachineOptions) =>
      watched(done, bytes, { options, own, tell, others }),
    spawnMonitor: (done) => others.born(done, tell),
    recvFds: (done) => others.answered(done, tell),
    pollPidfd: (done) => others.awaited(done, (deed) => teller.tell(deed)),
  };
  const call: Session['call'] = (of, name, done) => {
    if (of === 'net') return watchedBy(tell, done);
    if (of === 'threads')
      return (job: UnpackJob) => {
        tell(unpacks(job));
        return done(job);
      };
    if (of === 'addon' && Object.hasOwn(around, name)) return around[name]?.(done);
    const tellings = (of === 'fs' ? FILES : { ...ADDON, sendFds: sent }) as Tells;
    const telling = tellings[name];
    if (telling === undefined) return undefined;
    return (...args: unknown[]) => {
      const told = telling(EYES, ...args);
      if (told && name === 'pidfdSendSignal') others.expect(pidOf(args[0] as number));
      const { ns, answer, error } = timed(() => done(...args));
      const code = errnoOf(error);
      if (told) tell({ by: 'command', why: whyOf(roots, told), ...told, ns, ...(code && { code }) });
      if (error !== undefined) throw error;
      return answer;
    };
  };
  const end = (): void => {
    others.look();
    teller.flush();
  };
  return { call, end };
}

const sent = (_eyes: Eyes, _socket: unknown, _fds: unknown, data: unknown): Telling => ({
  syscall: `sendmsg(${wordOf(data as Uint8Array)})`,
  place: '',
});

interface Watching {
  readonly options: MachineOptions;
  readonly own: boolean;
  readonly others: Others;
  tell(deed: Deed): void;
}

/** A machine that tells of its steps once they have ended. */
function watched(done: Callable, bytes: Uint8Array, { options, own, tell, others }: Watching): Machine {
  const plan = planFrom(bytes);
  for (const { op, args } of plan.steps) if (op === 'kill') others.expect(args.pid);
  const machine = done(bytes, { ...options, trace: true }) as Machine;
  if (own && !isUndoList(plan)) return machine;
  let told = 0;
  const heard = (outcome: Outcome): Outcome => {
    for (const deed of resultsOf(plan, outcome.results.slice(told))) tell(deed);
    told = outcome.results.length;
    return outcome;
  };
  return {
    run: async () => heard(await machine.run()),
    resume: async () => heard(await machine.resume()),
    runSync: () => heard(machine.runSync()),
    resumeSync: () => heard(machine.resumeSync()),
    abandon: () => machine.abandon(),
    takeFd: (slot) => machine.takeFd(slot),
    setFd: (slot, fd) => machine.setFd(slot, fd),
    close: () => machine.close(),
    takePidfd: () => machine.takePidfd(),
  };
}

/** What others do for this process: the monitors that it starts, and those whose containers it ends. How long that takes they do not say. */
class Others {
  #plan: Plan | undefined;
  readonly #ending = new Map<string, readonly Deed[]>();
  constructor(
    readonly roots: Roots,
    readonly tellOthers: (deed: Deed) => void,
  ) {}

  born(done: Callable, tell: (deed: Deed) => void): Callable {
    return (bytes: Uint8Array, ...more: unknown[]) => {
      const order = decodeMessage(bytes);
      if (order.name === 'order' && order.plan.length > 0) this.#plan = planFrom(order.plan);
      const { ns, answer, error } = timed(() => done(bytes, ...more));
      const code = errnoOf(error);
      tell({ by: 'command', syscall: MONITOR, why: 'its monitor', ns, ...(code && { code }) });
      if (error !== undefined) throw error;
      return answer;
    };
  }

  /** Its first word is how far the plan came. */
  answered(done: Callable, tell: (deed: Deed) => void): Callable {
    return (...args: unknown[]) => {
      const answer = done(...args) as { data: Uint8Array };
      const plan = this.#plan;
      this.#plan = undefined;
      if (plan) for (const deed of ranBy(plan, messageIn(answer.data))) tell(deed);
      return answer;
    };
  }

  /** A process may end now, and whoever keeps its container take that back: what there is to be taken back is known before. */
  expect(pid: number | undefined): void {
    const id = pid === undefined ? undefined : aside(() => containerOf(this.roots, pid));
    if (id !== undefined && !this.#ending.has(id)) this.#ending.set(id, this.#endOf(id));
  }

  awaited(done: Callable, tell: (deed: Deed) => void): Callable {
    return async (pidfd: number, within?: number) => {
      const pid = pidOf(pidfd);
      const from = process.hrtime.bigint();
      const answer = await done(pidfd, within);
      const ns = Number(process.hrtime.bigint() - from);
      tell({ by: 'command', syscall: `poll(pidfd_open(${pid ?? 'PID'}))`, why: 'its end', ns });
      return answer;
    };
  }

  #endOf(id: string): readonly Deed[] {
    const deeds: Deed[] = [];
    aside(() => endOf(this.roots, id, { world: new World(), tell: (deed) => deeds.push(deed) }));
    return deeds;
  }

  /** Tells what has been taken back by now. */
  look(): void {
    for (const [id, deeds] of this.#ending) {
      if (realFs.existsSync(containerPaths(this.roots, id).run)) continue;
      this.#ending.delete(id);
      for (const deed of deeds) this.tellOthers(deed);
    }
  }
}

function messageIn(data: Uint8Array): Message | undefined {
  return data.length === 0 ? undefined : decodeMessage(data);
}

/** The steps that a monitor has run, as its answer tells. */
function ranBy(plan: Plan, answer: Message | undefined): Deed[] {
  const steps = stepsOf(plan);
  if (answer?.name === 'started') return steps;
  if (answer?.name !== 'failed') return [];
  const { step, error } = answer;
  return steps
    .slice(0, step + 1)
    .map((deed, index) => (index < step ? deed : { ...deed, code: `errno ${error}` }));
}
