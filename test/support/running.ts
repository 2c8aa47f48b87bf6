import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { TINYRUN } from './programs.ts';
import type { Sandbox } from './sandbox.ts';

/** A container that runs beside the test, as long as that needs it. */
export class RunningContainer {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(
    readonly sandbox: Sandbox,
    readonly name: string,
    args: readonly string[],
  ) {
    this.#child = spawn(TINYRUN, ['run', '--name', name, ...args], { env: sandbox.env, stdio: 'ignore' });
    this.#ended = once(this.#child, 'close');
  }

  /** Resolves once its program runs; `args`: flags, the image and what is run. */
  static async start(sandbox: Sandbox, name: string, ...args: string[]): Promise<RunningContainer> {
    const container = new RunningContainer(sandbox, name, args);
    for (const end = Date.now() + 90_000; Date.now() < end; ) {
      const { code, stdout } = await sandbox.tinyrun(['inspect', '-f', '{{.State.Status}}', name]);
      if (code === 0 && stdout === 'running\n') return container;
    }
    throw new Error(`container ${name} never ran`);
  }

  async state(): Promise<{ Pid: number; Status: string }> {
    const { stdout } = await this.sandbox.tinyrun(['inspect', '-f', '{{json .State}}', this.name]);
    return JSON.parse(stdout);
  }

  /** Kills it; what it leaves stays to be looked at. */
  async end(): Promise<void> {
    await this.sandbox.tinyrun(['kill', this.name]);
    await this.#ended;
  }

  async remove(): Promise<void> {
    await this.sandbox.tinyrun(['rm', '-f', this.name]);
    await this.#ended;
  }
}
