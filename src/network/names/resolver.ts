import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { errnoOf, isTinyrunError, TinyrunError } from '../../errors.ts';
import { native } from '../../native/index.ts';
import { SyscallError } from '../../native/syscall-error.ts';
import type { Fd } from '../../native/types.ts';
import type { HostFacts } from '../../plan/host.ts';
import { NO_SLOT } from '../../plan/types.ts';
import { type AttachTarget, attachPlan } from '../../plan/verbs/attach.ts';
import { launchSync } from '../../runtime/launch.ts';
import { ownCgroup } from '../../runtime/monitor/order.ts';
import { forgetChild } from '../../runtime/pidfd.ts';
import { compileSeccomp } from '../../runtime/seccomp.ts';
import { lock } from '../../store/lock.ts';
import { randomBytes } from '../../store/random.ts';
import { RESOLVER_SECCOMP, resolverPlan, resolverUser } from './confinement.ts';
import { servedAgain } from './contribution.ts';
import type { NamePlaces } from './places.ts';

// There is one resolver for all containers: started when it is first needed, gone with the last view. Who listens is alive: the
// kernel refuses connections to a socket of the dead.

const SOCK_SEQPACKET = 5;
/** Set-group-ID: what is made in it has its group. */
const DIRECTORY_MODE = 0o2750;

/**
 * Makes the directories of names, and of these networks. Idempotent.
 * @throws the errors of mkdir(2)
 */
export function prepareNames(places: NamePlaces, networks: readonly string[] = []): void {
  const group = resolverUser();
  for (const path of [places.root, places.views, ...networks.map(places.network)]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const { gid, mode } = statSync(path);
    if (gid !== group) chownSync(path, 0, group);
    // chown(2) takes the bit away
    if (gid !== group || (mode & 0o7777) !== DIRECTORY_MODE) chmodSync(path, DIRECTORY_MODE);
  }
}

/** A network is removed: its directory goes, unless there are endpoints in it. What somebody was killed at as he wrote it goes, too. */
export function forgetNetwork(places: NamePlaces, network: string): void {
  try {
    for (const name of readdirSync(places.network(network)))
      if (name.startsWith('.tmp-')) rmSync(join(places.network(network), name), { force: true });
    rmdirSync(places.network(network));
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY'].includes(errnoOf(error) ?? '')) throw error;
  }
}

/** The resolver that there is, which does not end before it is released, nor before the views are gone. */
export interface HeldResolver {
  /** It has been started just now: containers that another has served, who was killed, are served by nobody. */
  readonly isNew: boolean;
  /** Idempotent. */
  release(): void;
}

export interface ResolverOptions {
  /** Default /etc/resolv.conf. */
  readonly conf?: string;
  /** Where compiled filters are kept. */
  readonly cacheDir?: string;
  /** A container's, if one is to be started: it is born beside that, as monitors are. A session or a service that ends takes its cgroup along. */
  readonly cgroup?: () => string | undefined;
}

/**
 * Has a resolver be there until a plan with `namesContribution` has run, and starts one where there is none. The directories are
 * there (prepareNames).
 * @throws TinyrunError, SyscallError: it cannot be started
 */
export async function holdResolver(places: NamePlaces, options: ResolverOptions = {}): Promise<HeldResolver> {
  const there = tryHold(places.socket);
  if (there !== undefined) return held(there, false);
  const own = await lock(places.lock);
  try {
    const meanwhile = tryHold(places.socket);
    return meanwhile === undefined ? held(start(places, options), true) : held(meanwhile, false);
  } finally {
    own.release();
  }
}

function held(connection: Fd, isNew: boolean): HeldResolver {
  let open = true;
  return {
    isNew,
    release() {
      if (open) native().close(connection);
      open = false;
    },
  };
}

/** What a caller sends that only wants it to stay (native/init/resolver.cc). */
const STAY = '.';

/** Nobody listens: it was killed, it has just ended, or there never was one. */
const NOBODY_THERE: readonly string[] = ['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE'];

function tryHold(path: string): Fd | undefined {
  try {
    const { socket, answer } = native().callUnix(path, STAY);
    if (answer === 0) return socket;
    // it is about to end, and takes nobody any more
    native().close(socket);
    return undefined;
  } catch (error) {
    if (error instanceof SyscallError && NOBODY_THERE.includes(error.code)) return undefined;
    throw error;
  }
}

/** False: it has ended. */
function stays(connection: Fd): boolean {
  try {
    native().sendFds(connection, [], STAY);
    return native().recvFds(connection, 1).data[0] === 0;
  } catch (error) {
    if (error instanceof SyscallError && NOBODY_THERE.includes(error.code)) return false;
    throw error;
  }
}

/** The socket is whole before it has its name, and has a caller before the process runs, which would end without. */
function start(places: NamePlaces, options: ResolverOptions): Fd {
  const temporary = `${places.socket}-${randomBytes(8).toString('hex')}`;
  const listener = native().listenUnix(temporary, SOCK_SEQPACKET);
  let connection = -1;
  try {
    renameSync(temporary, places.socket);
    connection = native().connectUnix(places.socket, SOCK_SEQPACKET);
    spawn(places, listener, options);
  } catch (error) {
    rmSync(temporary, { force: true });
    if (connection >= 0) native().close(connection);
    throw error;
  } finally {
    native().close(listener);
  }
  if (stays(connection)) return connection;
  native().close(connection);
  throw new TinyrunError('SYSCALL', 'start the resolver of names: it ended at once', {
    hint: 'see whether the host has files and memory left, and fs.inotify.max_user_instances is above 0',
  });
}

function spawn(places: NamePlaces, listener: Fd, options: ResolverOptions): void {
  const { conf = '/etc/resolv.conf', cacheDir } = options;
  const nothing = openSync('/dev/null', 'r+');
  const container = options.cgroup?.();
  const cgroup = container === undefined ? undefined : ownCgroup(container);
  const run = (fds: ReadonlyMap<number, Fd>): void => {
    const plan = resolverPlan({
      directory: places.root,
      conf,
      uid: resolverUser(),
      files: hardFiles(readFileSync('/proc/self/limits', 'utf8')),
      filter: compileSeccomp(RESOLVER_SECCOMP, cacheDir),
      cgroup: fds.size > 0 ? CGROUP_SLOT : NO_SLOT,
    });
    forgetChild(launchSync({ plan, fds, stdio: [listener, nothing, nothing] }).pidfd);
  };
  try {
    // one of others' may not let us in: then it is born where we are
    if (cgroup === undefined || !tried(() => run(new Map([[CGROUP_SLOT, cgroup]])))) run(new Map());
  } finally {
    for (const fd of [nothing, cgroup]) if (fd !== undefined) closeSync(fd);
  }
}

const CGROUP_SLOT = 0;

function tried(start: () => void): boolean {
  try {
    start();
    return true;
  } catch (error) {
    if (isTinyrunError(error)) return false;
    throw error;
  }
}

const UNLIMITED = 0xffff_ffff_ffff_ffffn;

/** RLIMIT_NOFILE; proc_pid_limits(5). */
export function hardFiles(limits: string): bigint {
  const hard = /^Max open files +\S+ +(\d+)/m.exec(limits)?.[1];
  return hard === undefined ? UNLIMITED : BigInt(hard);
}

/**
 * A resolver that is new serves the containers that are there: their sockets are made again, in their networks. Answers what could
 * not be served, by container. `targetOf` undefined: it does not run any more, its sweep will unlink the view.
 */
export function serveAll(
  places: NamePlaces,
  host: HostFacts,
  targetOf: (container: string) => AttachTarget | undefined,
): Map<string, Error> {
  const failed = new Map<string, Error>();
  for (const container of readdirSync(places.views)) {
    const target = container.startsWith('.') ? undefined : targetOf(container);
    if (target === undefined) continue;
    try {
      const { pidfd } = launchSync({ plan: attachPlan(host, target, servedAgain(places, container)) });
      forgetChild(pidfd);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      failed.set(container, error);
    }
  }
  return failed;
}
