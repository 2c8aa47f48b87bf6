import type { Readable, Writable } from 'node:stream';
import type { ExecConfig } from '../engine/config/types.ts';
import type { UpdateConfig } from '../engine/config/update.ts';
import type { Explained } from '../engine/engine.ts';
import type { EventOptions } from '../engine/events/events.ts';
import type { DetachedExec } from '../engine/exec/monitored.ts';
import type { WhyReport } from '../engine/explain-end.ts';
import type { Change } from '../engine/files/changes.ts';
import type { CommitOptions } from '../engine/files/commit.ts';
import type { Copied, CopyOptions } from '../engine/files/copy.ts';
import type { LogLine, LogOptions } from '../engine/logs.ts';
import type { Top } from '../engine/processes.ts';
import type { ContainerView } from '../engine/record.ts';
import type { StatsOptions } from '../engine/stats.ts';
import type { Usage } from '../engine/stats-numbers.ts';
import type { ContainerStatus } from '../engine/status.ts';
import type { StopOptions } from '../engine/stop.ts';
import type { Plan } from '../plan/types.ts';
import type { ContainerEvent } from '../store/event-types.ts';
import type { ExecResult, ProcessOptions, Running } from './types.ts';
import type { WaitFor, WaitOptions, WaitResult } from './wait/types.ts';

/** What is asked for of an exec: all of it, or its program and arguments alone. */
export type ExecAsked = ExecConfig | readonly string[];

/**
 * A further program that was joined. It goes on whoever leaves: nobody waits for who reads slowly, and who lags behind by a
 * megabyte of what it writes is hung up on. Of one with a terminal all is in `stdout`.
 */
export interface AttachedExec extends AsyncIterable<string> {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** What is written here is typed; to end it is its end of file. */
  readonly stdin: Writable;
  /** What it writes from now on. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** How it ended; undefined where that is not known: it was left, or we were hung up on, or its monitor was killed. */
  readonly ended: Promise<ExecEnd | undefined>;
  /** Gives its terminal another size. */
  resize(size: { readonly rows: number; readonly columns: number }): void;
  /** Leaves it. */
  close(): void;
  /** The lines of standard output. */
  [Symbol.asyncIterator](): AsyncGenerator<string, void, undefined>;
}

/** How a further program ended that was not waited for from its start. */
export type ExecEnd = Pick<ExecResult, 'exitCode' | 'signal' | 'signalName'>;

/** No options: what is typed for one where it is left away. */
export type None = Readonly<Record<never, never>>;

/**
 * A hand on a container, running or not, by its id: it may be renamed, ended and started again, by whomever. It holds
 * nothing: to let go of it costs nothing, and does nothing to the container. What a container that is gone is asked for is
 * refused with CONTAINER_NOT_FOUND.
 */
export interface Container {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** As it is called now. @throws TinyrunError CONTAINER_NOT_FOUND */
  readonly name: string;
  /** What it is now. @throws TinyrunError CONTAINER_NOT_FOUND */
  readonly status: ContainerStatus;
  /** Of its first process as the host counts; undefined where none runs. @throws TinyrunError CONTAINER_NOT_FOUND */
  readonly pid: number | undefined;
  /**
   * All that is known of it.
   * @throws TinyrunError CONTAINER_NOT_FOUND
   * @example
   * const { record, status } = web.inspect();
   * console.log(record.config.image, status); // busybox running
   */
  inspect(): ContainerView;
  /**
   * Runs a program in it and waits for that. A program that fails is a result, unless `reject` says otherwise; what it
   * writes is kept, unless `stdout` and `stderr` say otherwise.
   * @throws TinyrunError CONTAINER_NOT_RUNNING, USER_NOT_FOUND, COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE …
   * @throws ConfigError for options that cannot be
   * @throws RunError with `reject`
   * @example
   * const { stdout, exitCode } = await web.exec(['cat', '/etc/hostname']);
   * console.log(stdout.length, exitCode); // 13 0
   * @example
   * const sorted = await web.exec({ args: ['sort'], user: 'nobody' }, { input: 'b\na\n', timeout: 5000 });
   * console.log(sorted.stdout); // a b
   */
  exec<const O extends ProcessOptions = None>(config: ExecAsked, options?: O): Promise<ExecResult<O>>;
  /**
   * The same without waiting, with the program's streams at hand.
   * @throws ConfigError for options that cannot be; what else `exec` throws, the promise is rejected with
   * @example
   * const shell = web.spawn(['sh'], { stdin: 'pipe' });
   * shell.stdin.end('echo one; echo two');
   * for await (const line of shell) console.log(line); // one // two
   */
  spawn<const O extends ProcessOptions = None>(config: ExecAsked, options?: O): Running<O, ExecResult>;
  /**
   * The same with nobody there: what it writes is nobody's, unless somebody attaches to it, and it goes on when this process
   * ends. With `openStdin` or `tty` its input stays open for who comes.
   * @example
   * const { pid } = await web.execDetached(['sleep', '100']);
   * process.kill(pid, 'SIGKILL');
   */
  execDetached(config: ExecAsked): Promise<DetachedExec>;
  /**
   * The further programs that run in it, whoever began them: what `docker inspect` calls ExecIDs.
   * @example
   * const { id } = await web.execDetached(['sleep', '100']);
   * console.log(web.execs().includes(id)); // true
   */
  execs(): readonly string[];
  /**
   * Joins one of them, from now on: what `execDetached`, `tinyrun exec -d` or one with a terminal that was left has begun.
   * Undefined where it has ended, or goes with the command that runs it.
   * @example
   * const { id } = await web.execDetached({ args: ['tr', 'a-z', 'A-Z'], openStdin: true });
   * const tr = await web.attachExec(id);
   * tr?.stdin.end('typed later\n');
   * for await (const line of tr ?? []) console.log(line); // TYPED LATER
   * console.log((await tr?.ended)?.exitCode); // 0
   */
  attachExec(id: string): Promise<AttachedExec | undefined>;
  /**
   * What it wrote, line by line, oldest first; with `follow` also what it still writes, to its end. It is read as fast as
   * you take it, and holds the container up in nothing. To leave the loop, or the abort of `signal`, ends it.
   * @throws TinyrunError UNSUPPORTED where nothing of it is kept
   * @example
   * for await (const { stream, text } of web.logs({ tail: 1 })) console.log(stream, text); // stdout ready
   */
  logs(options?: LogOptions): AsyncIterableIterator<LogLine>;
  /**
   * Waits until it has written something (`log`), listens on a TCP port (`port`), is healthy (`health`) or has ended
   * (`exit`). Where that cannot come any more it says so at once.
   * @throws WaitError CONTAINER_ENDED, CONTAINER_UNHEALTHY, TIMED_OUT: with its exit and the last that it wrote
   * @throws the reason of `signal`
   * @example
   * const { match } = await web.waitFor({ log: /^(re)ady$/ }, { timeout: 10_000 });
   * console.log(match[1]); // re
   * @example
   * await web.waitFor({ port: 8080 });
   * const { Status } = await web.waitFor({ health: true });
   * console.log(Status); // healthy
   * @example
   * web.kill('KILL');
   * const { exitCode, signalName } = await web.waitFor({ exit: true });
   * console.log(exitCode, signalName); // 137 SIGKILL
   */
  waitFor<const W extends WaitFor>(what: W, options?: WaitOptions): Promise<WaitResult<W>>;
  /**
   * What happens to it, whoever does it; from `since` on also what has happened, as far as that is kept.
   * @throws TinyrunError for a filter that cannot be, ConfigError of `since`
   * @example
   * const beginning = web.inspect().record.created;
   * for await (const { Action } of web.events({ since: beginning })) {
   *   console.log(Action); // create // start
   *   if (Action === 'start') break;
   * }
   */
  events(options?: EventOptions): AsyncIterableIterator<ContainerEvent>;
  /**
   * What it uses, again and again, as long as it runs.
   * @example
   * for await (const { pids } of web.stats()) {
   *   console.log(pids >= 1); // true
   *   break;
   * }
   */
  stats(options?: Omit<StatsOptions, 'all'>): AsyncIterableIterator<Usage>;
  /**
   * Has its program run, where it was made or has ended, and returns once it does; it outlives this process.
   * @throws TinyrunError
   * @example
   * const job = await engine.create({ image: 'busybox', args: ['true'] });
   * await job.start();
   * console.log((await job.waitFor({ exit: true })).exitCode); // 0
   * await job.remove();
   */
  start(): Promise<void>;
  /**
   * Ends its program: asks it to, and kills it when its time is over. Returns when all of it is taken back.
   * @throws TinyrunError
   * @example
   * await web.stop({ graceMs: 500 });
   * console.log(web.status); // exited
   */
  stop(options?: StopOptions): Promise<void>;
  /**
   * Stops it, if it runs, and starts it.
   * @throws TinyrunError
   * @example
   * const { pid } = web;
   * await web.restart({ graceMs: 0 });
   * console.log(web.pid === pid); // false
   */
  restart(options?: StopOptions): Promise<void>;
  /**
   * Sends its first process a signal, by name or number; SIGKILL without.
   * @throws TinyrunError CONTAINER_NOT_RUNNING, USAGE when there is no such signal
   * @example
   * web.kill('HUP');
   */
  kill(signal?: string | number): void;
  /**
   * Stops every process of it where it is.
   * @throws TinyrunError
   * @example
   * web.pause();
   * console.log(web.status); // paused
   * web.unpause();
   */
  pause(): void;
  /**
   * Lets them go on.
   * @throws TinyrunError
   * @example
   * web.pause();
   * web.unpause();
   * console.log(web.status); // running
   */
  unpause(): void;
  /**
   * Takes it away; a running one only with `force`, and with `volumes` those that are its alone, too.
   * @throws TinyrunError CONTAINER_RUNNING
   * @example
   * await web.remove({ force: true });
   */
  remove(options?: { readonly force?: boolean; readonly volumes?: boolean }): Promise<void>;
  /**
   * @throws TinyrunError NAME_IN_USE, ConfigError
   * @example
   * await web.rename('old');
   * console.log(web.name); // old
   */
  rename(name: string): Promise<void>;
  /**
   * Changes what it is asked to be; limits of one that runs at once. `warn` is told what this host cannot keep.
   * @throws TinyrunError, ConfigError; then nothing is changed
   * @example
   * await web.update({ restart: { on: 'failure', atMost: 3 } });
   * console.log(web.inspect().record.config.restart?.on); // failure
   */
  update(asked: UpdateConfig, warn?: (message: string) => void): Promise<void>;
  /**
   * Copies into it, running or not, by docker cp's rules of names: a path of the host, or an archive (tar, packed or not)
   * whose files go into the directory `to`.
   * @throws TinyrunError
   * @example
   * await web.copyTo('package.json', '/tmp/');
   * console.log((await web.exec(['ls', '/tmp'])).stdout); // package.json
   */
  copyTo(from: string | AsyncIterable<Buffer>, to: string, options?: CopyOptions): Promise<void>;
  /**
   * Copies out of it to a path of the host.
   * @throws TinyrunError
   * @example
   * import { readFileSync } from 'node:fs';
   * await web.copyFrom('/etc/hostname', 'hostname');
   * console.log(readFileSync('hostname', 'utf8').trim() === web.id.slice(0, 12)); // true
   */
  copyFrom(from: string, to: string, options?: CopyOptions): Promise<Copied>;
  /**
   * What is at a path of it, as an archive (tar).
   * @throws TinyrunError
   * @example
   * import { writeFile } from 'node:fs/promises';
   * await writeFile('etc.tar', web.archive('/etc'));
   */
  archive(from: string, options?: Pick<CopyOptions, 'followLink'>): AsyncGenerator<Buffer>;
  /**
   * What it has changed of its image's files, by path.
   * @example
   * await web.exec(['touch', '/made']);
   * console.log((await web.diff()).map(({ kind, path }) => kind + path)); // [ 'A/made' ]
   */
  diff(): Promise<readonly Change[]>;
  /**
   * Makes an image of what it has written and answers its id. What is mounted into it is not in it.
   * @throws TinyrunError
   * @example
   * const id = await web.commit({ name: 'web:patched', changes: ['ENV DEBUG=1'] });
   * console.log((await engine.images.inspect('web:patched')).id === id); // true
   */
  commit(options?: CommitOptions): Promise<string>;
  /**
   * Its processes; `options` are those of ps(1), `-ef` without.
   * @throws TinyrunError CONTAINER_NOT_RUNNING
   * @example
   * const { processes } = await web.top();
   * console.log(processes.length >= 1); // true
   */
  top(options?: readonly string[]): Promise<Top>;
  /**
   * Why it ended, or would not start: whose signal, which limit, which step; with the last `lines` that it wrote.
   * @example
   * await web.stop({ graceMs: 0 });
   * const { reason, by } = await web.why();
   * console.log(reason, by?.by); // grace over stop
   */
  why(options?: { readonly lines?: number }): Promise<WhyReport>;
  /**
   * What `start` would do, without doing it.
   * @throws TinyrunError
   * @example
   * import { explainPlan } from 'tinyrun';
   * await web.stop({ graceMs: 0 });
   * const { plan } = await web.explainStart();
   * console.log(explainPlan(plan).includes('execve')); // true
   */
  explainStart(): Promise<Explained>;
  /**
   * What `exec` would do, without doing it.
   * @throws TinyrunError
   * @example
   * console.log(web.explainExec(['id']).steps.some(({ op }) => op === 'execve')); // true
   */
  explainExec(config: ExecAsked): Plan;
}

/**
 * A container that was started here, and is its block's: `await using` removes it, however the block is left, with the
 * volumes that are its alone. It is killed, unless its configuration has a `stop.graceMs`: then it is stopped.
 */
export interface StartedContainer extends Container, AsyncDisposable {
  /**
   * Disposal leaves it as it is from now on.
   * @example
   * {
   *   await using kept = await engine.start({ image: 'busybox', args: ['sleep', '100'] }, { name: 'kept' });
   *   kept.keep();
   * }
   * await engine.container('kept').remove({ force: true });
   */
  keep(): void;
}
