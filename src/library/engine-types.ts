import type { ContainerConfig } from '../engine/config/types.ts';
import type { Rehearsed } from '../engine/deeds/aloud.ts';
import type { Deed } from '../engine/deeds/deed.ts';
import type { Explained } from '../engine/engine.ts';
import type { EventOptions } from '../engine/events/events.ts';
import type { Swept } from '../engine/garbage.ts';
import type { SystemInfo } from '../engine/info.ts';
import type { Pruned } from '../engine/prune.ts';
import type { ContainerView } from '../engine/record.ts';
import type { Watch } from '../engine/run.ts';
import type { StartedAll } from '../engine/start-all.ts';
import type { ContainerStats, StatsOptions } from '../engine/stats.ts';
import type { StoppedAll } from '../engine/stop-all.ts';
import type { CreateOptions, RunControl } from '../engine/types.ts';
import type { EngineEvent } from '../store/event-types.ts';
import type { Roots } from '../store/paths.ts';
import type { Container, StartedContainer } from './container-types.ts';
import type { Images } from './images.ts';
import type { Networks } from './networks.ts';
import type { Running, RunOptions, RunResult } from './types.ts';
import type { Volumes } from './volumes.ts';

/** Containers of one pair of roots. Holds no state of its own: any number of engines may work on the same roots. */
export interface Engine {
  readonly roots: Roots;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly images: Images;
  /**
   * Runs a container and waits for it. A program that fails is a result, unless `reject` says otherwise.
   * @throws TinyrunError when it could not be started; `exitCode` is what a command should end with: 125, 126 or 127
   * @throws ConfigError, one of those, for a configuration or options that cannot be
   * @throws RunError with `reject`
   * @example
   * const hello = { image: 'busybox', args: ['echo', 'hello'], autoRemove: true };
   * const { stdout, exitCode } = await engine.run(hello, { stdout: 'pipe' });
   * console.log(stdout.trim(), exitCode); // hello 0
   */
  run<const O extends RunOptions>(config: ContainerConfig, options?: O, watch?: Watch): Promise<RunResult<O>>;
  /**
   * The same without waiting, with the container's streams at hand.
   * @throws ConfigError for options that cannot be; what else `run` throws, the promise is rejected with
   * @example
   * const running = engine.spawn({ image: 'busybox', args: ['cat'], autoRemove: true }, { stdin: 'pipe' });
   * running.stdin.end('one\ntwo\n');
   * for await (const line of running) console.log(line); // one // two
   */
  spawn<const O extends RunOptions>(config: ContainerConfig, options?: O): Running<O>;
  /**
   * Starts a container that outlives this process, and answers a hand on it once its program runs. With `await using` it is
   * removed at the end of the block; without it stays, for `container` to find.
   * @throws TinyrunError as `run`; nothing of it is left then
   * @example
   * await using c = await engine.start({ image: 'busybox', args: ['sh', '-c', 'echo up; exec sleep 1000'] });
   * await c.waitFor({ log: 'up' });
   * console.log((await c.exec(['echo', 'hello'])).stdout); // hello
   */
  start(config: ContainerConfig, options?: CreateOptions): Promise<StartedContainer>;
  /**
   * Makes a container whose program does not run yet.
   * @throws TinyrunError, ConfigError
   * @example
   * const job = await engine.create({ image: 'busybox', args: ['true'] }, { name: 'job' });
   * await job.start();
   * await job.waitFor({ exit: true });
   * await job.remove();
   */
  create(config: ContainerConfig, options?: CreateOptions): Promise<Container>;
  /**
   * A hand on one that is there, by id, its beginning, or name.
   * @throws TinyrunError CONTAINER_NOT_FOUND, AMBIGUOUS_ID
   * @example
   * console.log(engine.container('web').status); // running
   */
  container(text: string): Container;
  /**
   * All of them, newest first, as they are now. One whose record is damaged is told to `onDamaged` and left out.
   * @example
   * console.log(engine.list().map(({ record, status }) => `${record.name} ${status}`)); // [ 'web running' ]
   */
  list(onDamaged?: (error: Error) => void): readonly ContainerView[];
  /**
   * What `run` would do, without doing it: the image is fetched and unpacked, nothing else is made. `books`: what is done
   * around the plan.
   * @throws TinyrunError, ConfigError
   * @example
   * import { explainPlan } from 'tinyrun';
   * const { plan } = await engine.explain({ image: 'busybox', args: ['true'] });
   * console.log(explainPlan(plan).includes('pivot_root')); // true
   */
  explain(config: ContainerConfig, control?: RunControl): Promise<Explained>;
  /**
   * What happens to containers, images, networks and volumes, whoever does it; from `since` on also what has happened, as far as that
   * is kept. `Type` tells which, and with it which `Action` there can be.
   * @throws TinyrunError for a filter that cannot be, ConfigError of `since`
   * @example
   * web.kill('KILL');
   * for await (const event of engine.events({ since: web.inspect().record.created, filters: ['event=die'] })) {
   *   if (event.Type === 'container') console.log(event.Actor.Attributes.exitCode); // 137
   *   break;
   * }
   */
  events(options?: EventOptions): AsyncIterableIterator<EngineEvent>;
  /**
   * What containers use, again and again: those that are named as long as one is there, or whichever run.
   * @throws TinyrunError CONTAINER_NOT_FOUND for a name that nothing has from the start
   * @example
   * for await (const [one] of engine.stats(['web'])) {
   *   console.log(one?.name, typeof one?.usage?.cpuPercent); // web number
   *   break;
   * }
   */
  stats(
    containers?: readonly string[],
    options?: StatsOptions,
  ): AsyncIterableIterator<readonly ContainerStats[]>;
  /**
   * What there is, and what it runs on.
   * @example
   * const { containers } = await engine.info();
   * console.log(web.status, containers.running); // running 1
   */
  info(onDamaged?: (error: Error) => void): Promise<SystemInfo>;
  /**
   * Starts what ran when the host went down and is to run again by its policy (`always`: also what was stopped): for
   * whoever starts with the host.
   * @example
   * const { started, failed } = await engine.startAll();
   * console.log(started.length, failed.length); // 0 0
   */
  startAll(): Promise<StartedAll>;
  /**
   * Stops all that runs, since the host goes down: `startAll` brings it back.
   * @example
   * await using job = await engine.start({ image: 'busybox', args: ['sleep', '1000'], init: true });
   * const { failed } = await engine.stopAll();
   * console.log(job.status, failed.length); // exited 0
   */
  stopAll(): Promise<StoppedAll>;
  /**
   * Removes the containers that do not run and that all `filters` (`until=24h`, `label=KEY`) hold for.
   * @example
   * const { deleted } = await engine.prune(['label=scratch']);
   * console.log(deleted.length); // 0
   */
  prune(filters?: readonly string[]): Promise<Pruned>;
  /**
   * What `act` would do to the system by this engine, whichever verbs it calls: none of it is done. What they answer is as if it were.
   * What others do in this process meanwhile is theirs.
   * @throws what `act` throws: what would be refused
   * @example
   * const { deeds } = await engine.rehearse(() => web.stop({ graceMs: 100 }));
   * console.log(web.status, deeds.some(({ syscall }) => syscall.includes('SIGTERM'))); // running true
   */
  rehearse<T>(act: () => T | Promise<T>): Promise<Rehearsed<T>>;
  /**
   * Does it, and tells each deed with its time, once it is done.
   * @example
   * let count = 0;
   * await engine.trace(() => web.remove({ force: true }), () => count++);
   * console.log(count > 0); // true
   */
  trace<T>(act: () => T | Promise<T>, onDeed: (deed: Deed) => void): Promise<T>;
  /**
   * Takes back what a crash left; with `dryRun` it is only told.
   * @example
   * const found = await engine.collectGarbage({ dryRun: true });
   * console.log(found.every(({ error }) => error === undefined)); // true
   */
  collectGarbage(options?: { readonly dryRun?: boolean }): Promise<readonly Swept[]>;
}
