import type { Engine as Core } from '../engine/engine.ts';
import { execsOf } from '../engine/exec/execs.ts';
import { hostPath } from '../engine/files/rules.ts';
import type { ContainerStatus } from '../engine/status.ts';
import { isRunning } from '../engine/status.ts';
import { isTinyrunError } from '../errors.ts';
import type { ContainerEvent } from '../store/event-types.ts';
import type { Container, ExecAsked, None, StartedContainer } from './container-types.ts';
import { endable } from './endable.ts';
import { beginExec, execConfig } from './exec.ts';
import { RunningProgram } from './running.ts';
import type { ExecResult, ProcessOptions, Running } from './types.ts';
import type { WaitFor, WaitOptions, WaitResult } from './wait/types.ts';

type Options<M extends keyof Container> = Container[M] extends (...given: infer A) => unknown ? A : never;

/** What the engine does with a container, said of one. */
export class Hand implements Container {
  readonly id: string;
  readonly #core: Core;

  /** By its whole id. */
  constructor(core: Core, id: string) {
    this.#core = core;
    this.id = id;
  }

  get name(): string {
    return this.inspect().record.name;
  }

  get status(): ContainerStatus {
    return this.inspect().status;
  }

  get pid(): number | undefined {
    const view = this.inspect();
    return isRunning(view) ? view.state?.pid : undefined;
  }

  inspect() {
    return this.#core.find(this.id);
  }

  // what the types promise of each option is what openStreams does with it
  async exec<O extends ProcessOptions = None>(config: ExecAsked, options?: O): Promise<ExecResult<O>> {
    return (await this.#begin(config, options ?? {}, true).result) as ExecResult<O>;
  }

  spawn<O extends ProcessOptions = None>(config: ExecAsked, options?: O): Running<O, ExecResult> {
    const running: Running<unknown, ExecResult> = new RunningProgram(
      this.#begin(config, options ?? {}, false),
    );
    return running as Running<O, ExecResult>;
  }

  #begin(config: ExecAsked, options: ProcessOptions, keep: boolean) {
    const { roots } = this.#core;
    return beginExec({ roots, id: this.id, config: execConfig(config), options, keep });
  }

  execDetached(config: ExecAsked) {
    return this.#core.execDetached(this.id, execConfig(config));
  }

  execs() {
    return execsOf(this.#core.roots, this.inspect().record);
  }

  async attachExec(id: string) {
    return await (await import('./attached.ts')).attachExec(this.#core, this.id, id);
  }

  explainExec(config: ExecAsked) {
    return this.#core.explainExec(this.id, execConfig(config));
  }

  async waitFor<W extends WaitFor>(what: W, options?: WaitOptions): Promise<WaitResult<W>> {
    const { waitFor } = await import('./wait/wait-for.ts');
    return (await waitFor(this.#core.roots, this.id, what, options)) as WaitResult<W>;
  }

  logs(...[options = {}]: Options<'logs'>) {
    return endable(options.signal, (signal) => this.#core.logs(this.id, { ...options, signal }));
  }

  events(...[options = {}]: Options<'events'>) {
    return endable(options.signal, (signal) => eventsOf(this.#core, this.id, { ...options, signal }));
  }

  stats(...[options = {}]: Options<'stats'>) {
    return endable(options.signal, (signal) => usageOf(this.#core, this.id, { ...options, signal }));
  }

  start() {
    return this.#core.start(this.id);
  }

  stop(...[options]: Options<'stop'>) {
    return this.#core.stop(this.id, options);
  }

  restart(...[options]: Options<'restart'>) {
    return this.#core.restart(this.id, options);
  }

  kill(signal: string | number = 'KILL') {
    this.#core.kill(this.id, String(signal));
  }

  pause() {
    this.#core.pause(this.id);
  }

  unpause() {
    this.#core.unpause(this.id);
  }

  remove(...[options]: Options<'remove'>) {
    return this.#core.remove(this.id, options);
  }

  rename(name: string) {
    return this.#core.rename(this.id, name);
  }

  update(...[asked, warn]: Options<'update'>) {
    return this.#core.update(this.id, asked, warn);
  }

  async copyTo(...[from, to, options]: Options<'copyTo'>): Promise<void> {
    if (typeof from === 'string') {
      await this.#core.copyIn({ from: hostPath(from, process.cwd()), container: this.id, to }, options);
      return;
    }
    const { copyFromStream } = await import('../engine/files/copy.ts');
    await copyFromStream(this.#core.roots, { container: this.id, to }, from);
  }

  copyFrom(...[from, to, options]: Options<'copyFrom'>) {
    return this.#core.copyOut({ container: this.id, from, to: hostPath(to, process.cwd()) }, options);
  }

  async *archive(...[from, options = {}]: Options<'archive'>) {
    const { copyToStream } = await import('../engine/files/copy.ts');
    yield* copyToStream(this.#core.roots, { container: this.id, from }, options);
  }

  diff() {
    return this.#core.diff(this.id);
  }

  commit(...[options]: Options<'commit'>) {
    return this.#core.commit(this.id, options);
  }

  top(...[options]: Options<'top'>) {
    return this.#core.top(this.id, options);
  }

  why(...[options]: Options<'why'>) {
    return this.#core.why(this.id, options);
  }

  explainStart() {
    return this.#core.explainStart(this.id);
  }
}

/** What happens to others with it, its volumes, is told with it. */
async function* eventsOf(
  core: Core,
  id: string,
  { filters = [], ...options }: NonNullable<Parameters<Core['events']>[0]>,
): AsyncGenerator<ContainerEvent, void> {
  const all = core.events({ ...options, filters: [...filters, `container=${id}`] });
  for await (const event of all) if (event.Type === 'container') yield event;
}

async function* usageOf(core: Core, id: string, options: NonNullable<Parameters<Core['stats']>[1]>) {
  for await (const [stats] of core.stats([id], options)) {
    if (stats?.usage === undefined) return;
    yield stats.usage;
  }
}

/** What `await using` calls; a Node before 20.5 has none, and what is compiled for it calls the other. */
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');

/** One that was started here, and is taken away again. */
export class OwnedHand extends Hand implements StartedContainer {
  #isKept = false;

  keep(): void {
    this.#isKept = true;
  }

  async [asyncDispose](): Promise<void> {
    if (this.#isKept) return;
    try {
      // who has said how long it may take has said that it is asked
      if (this.inspect().record.config.stop?.graceMs !== undefined) await this.stop();
      await this.remove({ force: true, volumes: true });
    } catch (error) {
      if (!isTinyrunError(error, 'CONTAINER_NOT_FOUND')) throw error;
    }
  }
}
