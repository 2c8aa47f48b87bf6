import type { NetworkRecord } from '../network/types.ts';
import type { Asides } from '../plan/explain.ts';
import type { Plan } from '../plan/types.ts';
import type { Attached, OnOutput } from '../runtime/monitor/attach.ts';
import type { Spec } from '../spec/types.ts';
import type { EngineEvent } from '../store/event-types.ts';
import type { Roots } from '../store/paths.ts';
import type { ContainerConfig, ExecConfig, NetworkConfig } from './config/types.ts';
import type { UpdateConfig } from './config/update.ts';
import type { Rehearsed } from './deeds/aloud.ts';
import type { Deed } from './deeds/deed.ts';
import type { EventOptions } from './events/events.ts';
import type { DetachedExec } from './exec/monitored.ts';
import type { WhyReport } from './explain-end.ts';
import type { Change } from './files/changes.ts';
import type { CommitOptions } from './files/commit.ts';
import type { Copied, CopyOptions } from './files/copy.ts';
import type { Swept } from './garbage.ts';
import type { SystemInfo } from './info.ts';
import type { LogLine, LogOptions } from './logs.ts';
import type { NetworkOptions } from './networks/create.ts';
import type { GraphFacts, WayAsked, WayReport } from './networks/diagnose.ts';
import type { NetworkView, PrunedNetworks } from './networks/networks.ts';
import type { Top } from './processes.ts';
import type { Pruned } from './prune.ts';
import type { PrunedImages } from './prune-images.ts';
import type { ContainerView } from './record.ts';
import type { Watch } from './run.ts';
import type { AttachedStart } from './start.ts';
import type { StartedAll } from './start-all.ts';
import type { ContainerStats, StatsOptions } from './stats.ts';
import type { StopOptions } from './stop.ts';
import type { StoppedAll } from './stop-all.ts';
import type { CreateOptions, ExecControl, ExecResult, RunControl, RunResult } from './types.ts';
import type { PrunedVolumes, VolumeOptions, VolumeView } from './volumes/volumes.ts';

/** `books`: what is done around the plan. */
export interface Explained {
  readonly spec: Spec;
  readonly plan: Plan;
  readonly books: Asides;
}

/** Containers of one pair of roots. Holds no state of its own: any number of engines may work on the same roots. */
export interface Engine {
  readonly roots: Roots;
  /**
   * Runs a container and waits for it. Its program's failure is a result, not an error.
   * @throws TinyrunError with the exit code a command should end with: 125, 126 or 127
   */
  run(config: ContainerConfig, control?: RunControl, watch?: Watch): Promise<RunResult>;
  /**
   * Runs a container and answers its id once its program runs; it outlives this process, and what it writes is kept.
   * @throws TinyrunError as `run`; nothing of it is left then
   */
  runDetached(config: ContainerConfig, options?: CreateOptions): Promise<string>;
  /**
   * What `run` would do, without doing it: the image is fetched and unpacked, nothing else is made. `books`: what is done
   * around the plan.
   */
  explain(config: ContainerConfig, control?: RunControl): Promise<Explained>;
  /**
   * Makes a container whose program does not run yet, and answers its id.
   * @throws TinyrunError, ConfigError
   */
  create(config: ContainerConfig, options?: CreateOptions): Promise<string>;
  /**
   * Has the program of a container run that was made or has ended, and returns once it does; it outlives this process. One
   * that runs stays as it is. One that cannot be started is what it was, with why.
   * @throws TinyrunError
   */
  start(container: string): Promise<void>;
  /** What `start` would do, without doing it. @throws TinyrunError */
  explainStart(container: string): Promise<Explained>;
  /** The same with this process's streams joined to its, until it ends or is left; one that runs is attached to. */
  startAttached(container: string, options?: AttachedStart): Promise<RunResult>;
  /**
   * Ends the program of a container: asks it to, and kills it when its time is over. Returns when all of it is taken back.
   * @throws TinyrunError
   */
  stop(container: string, options?: StopOptions): Promise<void>;
  /** Stops a container, if it runs, and starts it. @throws TinyrunError */
  restart(container: string, options?: StopOptions): Promise<void>;
  /**
   * Starts what ran when the host went down and is to run again by its policy (`always`: also what was stopped): for
   * whoever starts with the host.
   */
  startAll(): Promise<StartedAll>;
  /** Stops all that runs, since the host goes down: `startAll` brings it back. */
  stopAll(): Promise<StoppedAll>;
  /** Waits for the end of a container that runs; answers the exit code of its last end, 0 where there was none. */
  wait(container: string): Promise<number>;
  /** Stops every process of a container where it is. @throws TinyrunError */
  pause(container: string): void;
  /** Lets them go on. @throws TinyrunError */
  unpause(container: string): void;
  /** @throws TinyrunError NAME_IN_USE, ConfigError */
  rename(container: string, name: string): Promise<void>;
  /**
   * Changes what a container is asked to be; limits and health checks of one that runs at once. `warn` is told what this host cannot keep.
   * @throws TinyrunError, ConfigError; then nothing is changed
   */
  update(container: string, asked: UpdateConfig, warn?: (message: string) => void): Promise<void>;
  /** Removes the containers that do not run and that all `filters` (`until=24h`, `label=KEY`) hold for. */
  prune(filters?: readonly string[]): Promise<Pruned>;
  /** Newest first. */
  list(onDamaged?: (error: Error) => void): ContainerView[];
  /** By id, its beginning, or name. */
  find(container: string): ContainerView;
  /**
   * Runs a program in a running container and waits for it; its failure is a result, not an error.
   * @throws TinyrunError CONTAINER_NOT_RUNNING, USER_NOT_FOUND, COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE …
   */
  exec(container: string, config: ExecConfig, control?: ExecControl, watch?: Watch): Promise<ExecResult>;
  /**
   * The same without waiting: it goes on when this process ends, with its terminal or its pipes held for it. What it writes
   * is nobody's; what it reads, of a terminal or with `openStdin`, has not ended: `attachExec`.
   */
  execDetached(container: string, config: ExecConfig): Promise<DetachedExec>;
  /**
   * Joins a program that `execDetached` left, or that was left by its keys; undefined where it has ended.
   * @example
   * const { id } = await engine.execDetached('web', { args: ['sh'], tty: true });
   * const shell = await engine.attachExec('web', id, (_, text) => process.stdout.write(text));
   * shell?.type(Buffer.from('ls\n'));
   */
  attachExec(container: string, exec: string, onOutput?: OnOutput): Promise<Attached | undefined>;
  /** What `exec` would do, or with `detach` `execDetached`, without doing it. */
  explainExec(container: string, config: ExecConfig, options?: { readonly detach?: boolean }): Plan;
  /** What there is, and what it runs on. */
  info(onDamaged?: (error: Error) => void): Promise<SystemInfo>;
  /**
   * What containers use, again and again: those that are named as long as one is there, or whichever run.
   */
  stats(containers?: readonly string[], options?: StatsOptions): AsyncGenerator<readonly ContainerStats[]>;
  /** Copies into a container, running or not, by docker cp's rules of names; `from` is an absolute path of the host. */
  copyIn(names: { from: string; container: string; to: string }, options?: CopyOptions): Promise<Copied>;
  /** Out of one; `to` is an absolute path of the host. */
  copyOut(names: { container: string; from: string; to: string }, options?: CopyOptions): Promise<Copied>;
  /**
   * What a container wrote, line by line; with `follow` also what it still writes, to its end.
   * @throws TinyrunError UNSUPPORTED where nothing of it is kept
   */
  logs(container: string, options?: LogOptions): AsyncGenerator<LogLine>;
  /**
   * What happens to containers, images, networks and volumes, whoever does it; from `since` on also what has happened, as far as that
   * is kept.
   * @throws TinyrunError for a filter that cannot be, ConfigError of `since`
   */
  events(options?: EventOptions): AsyncGenerator<EngineEvent>;
  /** The processes of a running one; `options` are those of ps(1), `-ef` without. */
  top(container: string, options?: readonly string[]): Promise<Top>;
  /**
   * Makes an image of what a container has written and answers its id. What is mounted into it is not in it.
   * @throws TinyrunError
   */
  commit(container: string, options?: CommitOptions): Promise<string>;
  /**
   * Why a container ended, or would not start: whose signal, which limit, which step; with the last `lines` that it wrote.
   * @throws TinyrunError CONTAINER_NOT_FOUND
   */
  why(container: string, options?: { readonly lines?: number }): Promise<WhyReport>;
  /** What it has changed of its image's files, by path. */
  diff(container: string): Promise<readonly Change[]>;
  /** `signal` by name or number. */
  kill(container: string, signal?: string): void;
  /** A running one only with `force`; with `volumes` those that are its alone go, too. */
  remove(container: string, options?: { force?: boolean; volumes?: boolean }): Promise<void>;
  /**
   * Makes a network and answers its id; nothing is in the kernel until its first container. `warn` is told of options that
   * mean nothing here.
   * @throws TinyrunError
   */
  createNetwork(options: NetworkOptions, warn?: (message: string) => void): Promise<string>;
  /** By name, those that are always there as well; `filters` as of `network ls`. */
  networks(filters?: readonly string[], onDamaged?: (error: Error) => void): Promise<readonly NetworkView[]>;
  /** By name, id, or its beginning. @throws TinyrunError NETWORK_NOT_FOUND */
  findNetwork(network: string): Promise<NetworkView>;
  /**
   * One that no running container is in; with `force` one that is not there is no failure. Answers whether there was one.
   * @throws TinyrunError
   */
  removeNetwork(network: string, options?: { readonly force?: boolean }): Promise<boolean>;
  /** Removes those that no running container is in and that all `filters` (`until=24h`, `label=KEY`) hold for. */
  pruneNetworks(filters?: readonly string[]): Promise<PrunedNetworks>;
  /** Attaches a container to one more network; one that runs at once. @throws TinyrunError, ConfigError */
  connect(network: string, container: string, config?: Omit<NetworkConfig, 'network'>): Promise<void>;
  /** Takes a container out of a network; one that runs at once. @throws TinyrunError */
  disconnect(network: string, container: string, options?: { readonly force?: boolean }): Promise<void>;
  /** Makes again what others took away of the networks that are up: the table, the resolver. Answers which are. */
  reloadNetworks(): Promise<readonly NetworkRecord[]>;
  /** All networks that are up, with who is in them, what is published, and the rules. */
  networkGraph(): Promise<GraphFacts>;
  /** Looks at the way from one to another: containers, addresses, `host` or `internet`. Changes nothing. */
  whyNetwork(asked: WayAsked): Promise<WayReport>;
  /** Makes a volume and answers its name; one that is there stays as it is. @throws TinyrunError */
  createVolume(options?: VolumeOptions): Promise<string>;
  /** By name; `filters` as of `volume ls`. */
  volumes(filters?: readonly string[], onDamaged?: (error: Error) => void): Promise<readonly VolumeView[]>;
  /** @throws TinyrunError VOLUME_NOT_FOUND */
  findVolume(name: string): Promise<VolumeView>;
  /** One that no container has. @throws TinyrunError VOLUME_IN_USE, VOLUME_NOT_FOUND */
  removeVolume(name: string, options?: { force?: boolean }): Promise<void>;
  /** Removes those that no container has: the ones without a name, or `all`. */
  pruneVolumes(options?: { all?: boolean; filters?: readonly string[] }): Promise<PrunedVolumes>;
  /** Removes the images that no container has, those without a name or `all`, that all `filters` hold for. */
  pruneImages(options?: { all?: boolean; filters?: readonly string[] | undefined }): Promise<PrunedImages>;
  /**
   * What `act` would do to the system by this engine, whichever verbs it calls: none of it is done. What they answer is as if it were.
   * What others do in this process meanwhile is theirs.
   * @throws what `act` throws: what would be refused
   */
  rehearse<T>(act: () => T | Promise<T>): Promise<Rehearsed<T>>;
  /**
   * Does it, and tells each deed with its time, once it is done.
   */
  trace<T>(act: () => T | Promise<T>, onDeed: (deed: Deed) => void): Promise<T>;
  /** Takes back what a crash left; with `dryRun` it is only told. */
  collectGarbage(options?: { dryRun?: boolean }): Promise<readonly Swept[]>;
}
