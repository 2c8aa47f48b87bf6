// One container of the model test, by its name: does what an event says and checks what is answered.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import {
  ALIVE,
  ANSWERS,
  type Cell,
  type Ending,
  type Event,
  STATUS,
  type State,
  TABLE,
} from './lifecycle.ts';
import { hasEnded, type Result, TINYRUN, until } from './programs.ts';
import type { Sandbox } from './sandbox.ts';

/** Says that it is up to who hears it, and by a file to who does not. */
const LONG = ['sh', '-c', 'trap "exit 3" TERM; echo up; echo > /up; sleep 1000 & wait'];
const QUICK = ['sh', '-c', 'exit 7'];

const KILL_MONITOR = 'kill -9 of the monitor';
const KILL_PROGRAM = 'kill -9 of the program';

/** A `run` in the foreground. */
interface Attended {
  readonly child: ChildProcess;
  readonly result: Promise<Result>;
}

/** Resolves at `up`, or at the end of a command that never says so. */
export function attend(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  verb = 'run',
): Attended & { up: Promise<boolean> } {
  const child = spawn(TINYRUN, [verb, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const out = { stdout: '', stderr: '' };
  child.stderr.setEncoding('utf8').on('data', (text) => {
    out.stderr += text;
  });
  const result = new Promise<Result>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ ...out, code: code ?? (signal === 'SIGKILL' ? -9 : -1) }));
  });
  const up = new Promise<boolean>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out.stdout += text;
      if (out.stdout.includes('up')) resolve(true);
    });
    child.on('close', () => resolve(false));
  });
  return { child, result, up };
}

export class Actor {
  state: State = 'none';
  /** How the one that has ended did. */
  ending: Ending | undefined;
  /** All that it ever had. */
  readonly ids: string[] = [];
  #attended: Attended | undefined;
  #pid = 0;
  #monitor = 0;
  readonly #sandbox: Sandbox;
  /** Of two: `rename` changes to the other. */
  name: string;

  constructor(sandbox: Sandbox, name: string) {
    this.#sandbox = sandbox;
    this.name = name;
  }

  get id(): string {
    return this.ids.at(-1) ?? '';
  }

  get #run(): string {
    return path.join(this.#sandbox.dir, 'run/containers', this.id);
  }

  get #other(): string {
    return this.name.endsWith('2') ? this.name.slice(0, -1) : `${this.name}2`;
  }

  get #up(): string {
    return path.join(this.#sandbox.dir, 'data/containers', this.id, 'upper/up');
  }

  async act(event: Event): Promise<void> {
    const cell = TABLE[this.state][event];
    if (cell === undefined) throw new Error(`${this.state}: ${event} cannot be`);
    const again = this.state === 'always' && (event === KILL_MONITOR || event === KILL_PROGRAM);
    const begins = again || event === 'restart' || (event === 'start' && !ALIVE.includes(this.state));
    if (begins) rmSync(this.#up, { force: true });
    const result = await this.#do(event);
    const { code, stderr } = ANSWERS[cell.answer];
    const what = `${this.state}: ${event}`;
    expect({ what, ...result }, what).toMatchObject({ what, code, stderr: expect.stringMatching(stderr) });
    if (cell.ending !== undefined || cell.next === 'none') await this.#awaitEnd(what, cell);
    // whatever is called next has it run again
    if (again && event === KILL_MONITOR) await this.#sandbox.tinyrun(['ps']);
    if (begins && ALIVE.includes(cell.next) && cell.answer === 'ok') await this.#adopt();
    if (begins && cell.next === 'spent') await until(() => !existsSync(this.#run));
    this.state = cell.next;
    if (event === 'kill -9 of the command') this.#attended = undefined;
    if (event === 'rename' && cell.answer === 'ok') this.name = this.#other;
    if (!ALIVE.includes(cell.next) && cell.ending !== undefined) this.ending = cell.ending;
    if (event === 'inspect' && cell.answer === 'ok') this.#compare(JSON.parse(result.stdout)[0]);
  }

  #do(event: Event): Promise<Result> {
    if (event.startsWith('run -d')) return this.#detached(event.split(' ').slice(2));
    if (event.startsWith('run')) return this.#start(event.includes('--rm'), event.endsWith('quick'));
    switch (event) {
      case 'create':
        return this.#create();
      case 'rename':
        return this.#sandbox.tinyrun(['rename', this.name, this.#other]);
      case 'kill -9 of the command':
        return this.#shoot(this.#attended?.child.pid ?? 0, this.state === 'rm');
      case KILL_MONITOR:
        return this.#shoot(this.#monitor, true);
      case KILL_PROGRAM:
        return this.#shoot(this.#pid, false);
      case 'exec':
        return this.#sandbox.tinyrun(['exec', this.name, 'true']);
      default:
        return this.#sandbox.tinyrun([...event.split(' '), this.name]);
    }
  }

  async #start(rm: boolean, quick: boolean): Promise<Result> {
    const cidfile = path.join(this.#sandbox.dir, `cid-${this.name}-${process.hrtime.bigint()}`);
    const flags = ['--name', this.name, '--cidfile', cidfile, ...(rm ? ['--rm'] : [])];
    const { child, result, up } = attend([...flags, 'busybox', ...(quick ? QUICK : LONG)], this.#sandbox.env);
    const isUp = await up;
    if (existsSync(cidfile) && this.state === 'none') this.ids.push(readFileSync(cidfile, 'utf8'));
    if (!isUp) return await result;
    this.#attended = { child, result };
    await this.#adopt();
    return { code: 0, stdout: '', stderr: '' };
  }

  async #detached(flags: readonly string[]): Promise<Result> {
    const args = ['run', '-d', ...flags, '--name', this.name, 'busybox', ...LONG];
    const result = await this.#sandbox.tinyrun(args);
    if (result.code !== 0) return result;
    this.ids.push(result.stdout.trim());
    await this.#adopt();
    return result;
  }

  async #create(): Promise<Result> {
    const result = await this.#sandbox.tinyrun(['create', '--name', this.name, 'busybox', ...LONG]);
    if (result.code === 0) this.ids.push(result.stdout.trim());
    return result;
  }

  /** What runs now, once its program says so. */
  async #adopt(): Promise<void> {
    await until(() => existsSync(this.#up));
    const { pid } = JSON.parse(readFileSync(path.join(this.#run, 'state.json'), 'utf8'));
    this.#pid = pid;
    this.#monitor = Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  }

  /** The last thing it hears; `along`: the container hears it, too. */
  async #shoot(pid: number, along: boolean): Promise<Result> {
    process.kill(pid, 'SIGKILL');
    await until(() => hasEnded(pid) && (!along || hasEnded(this.#pid)));
    return { code: 0, stdout: '', stderr: '' };
  }

  /** Whoever waits for it hears how it ended; with that, or with its lifeline, all is over. */
  async #awaitEnd(what: string, { ending }: Cell): Promise<void> {
    if (this.#attended && ending !== undefined) {
      const { code, stderr } = await this.#attended.result;
      expect({ what, code, stderr }).toEqual({ what, code: ending, stderr: '' });
    }
    await until(() => hasEnded(this.#pid) && hasEnded(this.#monitor));
    this.#attended = undefined;
  }

  #compare({ Id, Name, State }: { Id: string; Name: string; State: Record<string, unknown> }): void {
    if (this.state === 'none') return;
    const isAlive = ALIVE.includes(this.state);
    expect({ Id, Name, ...State }).toMatchObject({
      Id: this.id,
      Name: `/${this.name}`,
      Status: STATUS[this.state],
      Pid: isAlive ? this.#pid : 0,
      ExitCode: isAlive || this.state === 'created' ? 0 : this.ending,
    });
  }
}
