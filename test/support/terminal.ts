// A person's terminal: a pty whose other end the test holds, tinyrun in a session of its own with it as the controlling one.
import { type ChildProcess, spawn } from 'node:child_process';
import { ReadStream } from 'node:tty';
import { native } from '../../src/native/index.ts';
import { TINYRUN } from './programs.ts';

export class Terminal {
  readonly #pty = native().openpty({ rows: 24, columns: 80 });
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  text = '';
  /** All of the output, what `until` has passed by too. */
  all = '';
  readonly #master: ReadStream;
  #seen: () => void = () => undefined;

  /** Of a sandbox; another program is what a person types into, a shell. */
  constructor({ env, program = TINYRUN }: { env: NodeJS.ProcessEnv; program?: string }, ...args: string[]) {
    const { master, slave } = this.#pty;
    this.child = spawn('setsid', ['--ctty', '--wait', program, ...args], {
      env,
      stdio: [slave, slave, slave],
    });
    this.ended = new Promise((resolve) => this.child.on('close', resolve));
    this.#master = new ReadStream(master);
    this.#master
      .on('error', () => undefined)
      .on('data', (chunk) => {
        this.text += String(chunk);
        this.all += String(chunk);
        this.#seen();
      });
  }

  /** Resolves once the output has what is looked for after what was found before. */
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.text);
      if (found) {
        this.text = this.text.slice(found.index + found[0].length);
        return found[0];
      }
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`no ${pattern} in ${JSON.stringify(this.text.slice(-500))}`)),
          90_000,
        );
        this.#seen = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  type(text: string): void {
    (this.#master as unknown as NodeJS.WritableStream).write(text);
  }

  resize(rows: number, columns: number): void {
    native().setWinsize(this.#pty.master, rows, columns);
  }

  /** Local modes of the terminal, as stty(1) has them. */
  async isCooked(): Promise<boolean> {
    const stty = spawn('stty', ['-a'], { stdio: [this.#pty.slave, 'pipe', 'inherit'] });
    let text = '';
    stty.stdout?.on('data', (chunk) => {
      text += chunk;
    });
    await new Promise((resolve) => stty.on('close', resolve));
    return ['icanon', 'echo', 'isig'].every((mode) => text.split(/\s+/).includes(mode));
  }

  close(): void {
    this.#master.destroy();
    native().close(this.#pty.slave);
  }
}
