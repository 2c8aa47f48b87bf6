import { SyscallError } from '../../native/syscall-error.ts';
import type { Machine, MachineOptions, NativeAddon, Outcome, Stat } from '../../native/types.ts';
import { quote } from '../../plan/calls/format.ts';
import type { Plan } from '../../plan/types.ts';
import { decodeMessage, encodeMessage } from '../../runtime/monitor/messages.ts';
import { SIGKILL } from '../../spec/linux.ts';
import type { Deed } from './deed.ts';
import { MONITOR, planFrom, stepsOf } from './plans.ts';
import { realAddon } from './real.ts';
import { type Descriptors, onlyOpens, readHeld } from './stand-in-files.ts';
import { placeAt } from './tellings.ts';
import { content, type Made, sizeOf, type World } from './world.ts';

// The addon of a rehearsal: what waits for somebody is told what would come, plans and monitors are told and not run.

/** What a rehearsal has at hand. */
export interface Stage {
  readonly world: World;
  readonly fds: Descriptors;
  tell(deed: Deed): void;
  /** The process behind a pidfd. */
  pidOf(pidfd: number): number | undefined;
  pathOf(fd: number): string;
  /** A process ends, and whoever keeps its container takes that back. */
  end(pid: number): void;
  /** Whoever keeps a file lets go of it. */
  release(path: string): void;
}

type Some = Partial<NativeAddon>;

/** No process has this one: it is above the kernel's largest (PID_MAX_LIMIT). */
const NOBODY = 2 ** 22 + 1;
const START = 1n;

const NO_ENTRY = 2;
const gone = (syscall: string, path: string): SyscallError =>
  new SyscallError(syscall, NO_ENTRY, 'ENOENT', 'no such file or directory', path);

/** Processes, and what is sent to them. */
export function processes(stage: Stage): Some {
  const { fds, tell, pidOf } = stage;
  const own = realAddon();
  const killed = new Set<number>();
  return {
    pidfdOpen: (pid, flags) => (pid === NOBODY ? fds.open(`pidfd of ${pid}`) : own.pidfdOpen(pid, flags)),
    startTime: (pid) => (pid === NOBODY ? START : own.startTime(pid)),
    pidfdSendSignal(pidfd, signal) {
      const pid = pidOf(pidfd);
      if (signal === SIGKILL && pid !== undefined) killed.add(pid);
    },
    async pollPidfd(pidfd, within) {
      const pid = pidOf(pidfd);
      const most = within === undefined ? '' : `, ${within} ms`;
      const why = within === undefined ? 'its end' : 'so long to end by itself';
      tell({ by: 'command', syscall: `poll(pidfd_open(${pid ?? 'PID'})${most})`, why });
      if (within !== undefined && pid !== undefined && !killed.has(pid)) return false;
      if (pid !== undefined) stage.end(pid);
      return undefined;
    },
    forgetPidfd: () => {},
    waitPidfd: async () => ({ kind: 'exited', code: 0, status: 0 }),
    machine: (bytes, options) => machineOf(stage, planFrom(bytes), options),
    ...monitors(stage),
  };
}

function monitors({ fds, tell }: Stage): Some {
  const own = realAddon();
  let isBorn = false;
  return {
    spawnMonitor(bytes) {
      const order = decodeMessage(bytes);
      if (order.name !== 'order') throw new TypeError('a monitor is started with an order');
      tell({ by: 'command', syscall: MONITOR, why: 'its monitor, who runs the plan and waits for the end' });
      if (order.plan.length > 0) for (const step of stepsOf(planFrom(order.plan))) tell(step);
      isBorn = true;
      return { pid: NOBODY, pidfd: fds.open('the monitor') };
    },
    recvFds(socket, max) {
      if (!isBorn) return own.recvFds(socket, max);
      return { fds: [], data: encodeMessage('started', { pid: NOBODY, startTime: START }) };
    },
    sendFds(_socket, _fds, data) {
      tell({ by: 'command', syscall: `sendmsg(${wordOf(data)})`, why: 'a message to its monitor' });
    },
    pollSocket: async () => undefined,
    callUnix(path) {
      tell({
        by: 'command',
        syscall: `connect(${quote(path)})`,
        why: 'the resolver of names, which is started where there is none',
      });
      return { socket: fds.open('the resolver'), answer: 0 };
    },
  };
}

/** A monitor's messages are called by their names. */
export function wordOf(data: Uint8Array | string): string {
  try {
    return typeof data === 'string' ? JSON.stringify(data) : decodeMessage(data).name;
  } catch {
    return `${data.length} bytes`;
  }
}

/** Each step is told, and has gone well. */
function machineOf(stage: Stage, plan: Plan, options: MachineOptions = {}): Machine {
  const outcome: Outcome = {
    state: 'done',
    step: plan.steps.length,
    tag: 0,
    pid: 0,
    pidfd: -1,
    results: options.trace
      ? plan.steps.map((_, step) => ({ step, ns: 0, errno: 0, syscall: '', path: '' }))
      : [],
  };
  const run = (): Outcome => {
    for (const step of stepsOf(plan)) stage.tell(step);
    applySteps(stage.world, plan);
    return outcome;
  };
  return {
    run: async () => run(),
    runSync: run,
    resume: async () => outcome,
    resumeSync: () => outcome,
    abandon: () => outcome,
    takeFd: () => -1,
    setFd: () => undefined,
    close: () => undefined,
    takePidfd: () => -1,
  };
}

/** What of a plan is looked at afterwards: what goes. */
export function applySteps(world: World, { steps }: Plan): void {
  for (const { op, args } of steps)
    if (op === 'unlink' || op === 'rmdir' || op === 'removeTree' || op === 'cgroupRemove')
      world.remove(args.path);
}

/** Locks, directories and descriptors. */
export function files({ world, fds, pathOf, release }: Stage): Some {
  const own = realAddon();
  const isMade = (fd: number) => fds.of(fd)?.isMade === true;
  /** Whether the kernel has the answer. */
  const isReal = (dirfd: number, path: string | Uint8Array) =>
    !isMade(dirfd) && world.isAsItWas(placeAt({ pathOf }, dirfd, path));
  const madeAt = (dirfd: number, path: string | Uint8Array, call: string): string => {
    const place = placeAt({ pathOf }, dirfd, path);
    if (!world.has(place)) throw gone(call, place);
    return place;
  };
  return {
    close(fd) {
      fds.close(fd);
      own.close(fd);
    },
    flock: (fd, operation) => isMade(fd) || own.flock(fd, operation),
    async flockWait(fd) {
      release(pathOf(fd));
    },
    ofdLock: (fd, type, wait) => isMade(fd) || own.ofdLock(fd, type, wait),
    openat2(dirfd, path, how) {
      onlyOpens('openat2', how.flags);
      if (isReal(dirfd, path)) return own.openat2(dirfd, path, how);
      const place = madeAt(dirfd, path, 'openat2');
      const found = world.at(place);
      return found && 'real' in found ? own.openat2(-100, found.real, how) : fds.open(place);
    },
    fstatat(dirfd, path, flags): Stat {
      if (isReal(dirfd, path)) return own.fstatat(dirfd, path, flags);
      const place = madeAt(dirfd, path, 'fstatat');
      const found = world.at(place);
      if (found && 'real' in found) return own.fstatat(-100, found.real, flags);
      const mode =
        found?.made.is === 'directory' ? 0o040755 : found?.made.is === 'link' ? 0o120777 : 0o100600;
      const size = found?.made.is === 'file' ? sizeOf(found.made) : 0;
      return { ...own.fstatat(-100, '/', 0), mode, size };
    },
    readlinkat(dirfd, path) {
      if (isReal(dirfd, path)) return own.readlinkat(dirfd, path);
      const found = world.at(madeAt(dirfd, path, 'readlinkat'));
      if (found && 'made' in found && found.made.is === 'link') return found.made.target;
      return found && 'real' in found ? own.readlinkat(-100, found.real) : '';
    },
    read(fd, max) {
      const held = fds.of(fd);
      return held?.isMade ? readHeld(world, held, max) : own.read(fd, max);
    },
    readdir(fd) {
      const place = pathOf(fd);
      if (!isMade(fd) && world.isUntouched(place)) return own.readdir(fd);
      const before = isMade(fd) ? [] : own.readdir(fd).map(({ name }) => name);
      return world.over(place, before).map((name) => ({ name, type: 0 }));
    },
    getxattr: (dirfd, path, name) => (isReal(dirfd, path) ? own.getxattr(dirfd, path, name) : undefined),
    listxattr: (dirfd, path) => (isReal(dirfd, path) ? own.listxattr(dirfd, path) : []),
    fsync: () => undefined,
    fdatasync: () => undefined,
    syncfs: () => undefined,
    ...changes({ world, fds, pathOf }),
    ...overlays(),
  };
}

/** An overlay that is written to begins by making a directory in its workdir: here it is one that is only read. */
function overlays(): Some {
  const own = realAddon();
  const layers = new Map<number, Readonly<Record<string, string>>>();
  return {
    fsconfig(fd, command, key, value) {
      const known = layers.get(fd) ?? {};
      if (key === 'workdir') return;
      if (key === 'upperdir' || key === 'lowerdir') {
        layers.set(fd, { ...known, [key]: String(value) });
        return;
      }
      const all = [known.upperdir, known.lowerdir].filter((layer) => layer !== undefined);
      if (all.length > 0) own.fsconfig(fd, FSCONFIG_SET_STRING, 'lowerdir', all.join(':'));
      layers.delete(fd);
      own.fsconfig(fd, command, key, value);
    },
  };
}

const FSCONFIG_SET_STRING = 1;

function changes({ world, fds, pathOf }: Pick<Stage, 'world' | 'fds' | 'pathOf'>): Some {
  const at = (dirfd: number, path: string | Uint8Array) => placeAt({ pathOf }, dirfd, path);
  const isThere = (dirfd: number, path: string | Uint8Array): boolean => {
    const place = at(dirfd, path);
    if (fds.of(dirfd)?.isMade || !world.isAsItWas(place)) return world.find(place) !== undefined;
    try {
      realAddon().fstatat(dirfd, path);
      return true;
    } catch {
      return false;
    }
  };
  const make = (dirfd: number, path: string | Uint8Array, call: string, made: Made): string => {
    const place = at(dirfd, path);
    if (isThere(dirfd, path)) throw new SyscallError(call, 17, 'EEXIST', 'file exists', place);
    world.make(place, made);
    return place;
  };
  const write = (fd: number, data: Uint8Array | string): number => {
    const held = fds.of(fd);
    const bytes = Buffer.from(data as Uint8Array);
    if (held?.isMade) {
      const file = world.fileAt(held.path);
      file.pieces = [...file.pieces, bytes];
    }
    return bytes.length;
  };
  const nothing = () => undefined;
  return {
    removeTree: (dirfd, path) => world.remove(at(dirfd, path)),
    mkdirat: (dirfd, path) => void make(dirfd, path, 'mkdirat', { is: 'directory' }),
    createFile: (dirfd, path) => fds.open(make(dirfd, path, 'openat', content())),
    mknodat: (dirfd, path) => void make(dirfd, path, 'mknodat', content()),
    symlinkat: (target, dirfd, path) =>
      void make(dirfd, path, 'symlinkat', { is: 'link', target: Buffer.from(target).toString() }),
    linkat: (_from, _old, dirfd, path) => void make(dirfd, path, 'linkat', content()),
    unlinkat(dirfd, path) {
      if (!isThere(dirfd, path)) throw gone('unlinkat', at(dirfd, path));
      world.remove(at(dirfd, path));
    },
    renameat2: (from, old, dirfd, path) => world.move(at(from, old), at(dirfd, path)),
    fchownat: nothing,
    fchmodat: nothing,
    utimensat: nothing,
    setxattr: nothing,
    removexattr: nothing,
    write: (fd, data) => write(fd, data),
    pwrite: (fd, data) => write(fd, data),
    ftruncate: nothing,
    fallocate: nothing,
    cgroupWrite: nothing,
  };
}

/** What looks, or touches nothing but memory and descriptors of this process. */
export const HARMLESS: readonly (keyof NativeAddon)[] = [
  ...(['checkPlan', 'initExecutable', 'errorCode', 'zstdDecoder', 'getpid', 'exitNow', 'fsopen'] as const),
  ...([
    'fsmount',
    'openTree',
    'statfsType',
    'dup',
    'setCloexec',
    'cgroupRead',
    'getWinsize',
    'isatty',
  ] as const),
  ...([
    'socketpair',
    'endedPipe',
    'netlink',
    'seccompCompile',
    'seccompShrink',
    'capabilities',
    'fnv1a',
  ] as const),
  ...(['streams', 'getTermios', 'unblockSignal'] as const),
];
