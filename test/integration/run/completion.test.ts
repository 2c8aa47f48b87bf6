// Completion as people meet it: bash, zsh and fish on a pty, keys typed, the line that the shell made of them printed.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ReadStream } from 'node:tty';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { native } from '../../../src/native/index.ts';
import { TINYRUN } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
const home = path.join(sandbox.dir, 'home');
beforeAll(async () => {
  await sandbox.layer();
  mkdirSync(path.join(home, 'a-directory/below'), { recursive: true });
  writeFileSync(path.join(home, 'a-file.env'), '');
  writeFileSync(
    path.join(home, '.zshrc'),
    'PROMPT="ready> "; bindkey -e; unsetopt auto_remove_slash; autoload -Uz compinit && compinit -u\n',
  );
  writeFileSync(path.join(home, '.bashrc'), 'PS1="ready> "\n');
  const fish = path.join(home, '.config/fish');
  mkdirSync(fish, { recursive: true });
  writeFileSync(
    path.join(fish, 'config.fish'),
    'function fish_prompt; printf "ready> "; end\nset fish_greeting\nset fish_autosuggestion_enabled 0\n',
  );
  expect((await sandbox.tinyrun(['run', '--name', 'web-server', 'busybox', 'true'])).code).toBe(0);
});
afterAll(() => sandbox.close());

/** How each starts without the host's own settings, and how it reads the script. */
const SHELLS = {
  bash: {
    args: ['bash', '--noprofile', '--rcfile', path.join(home, '.bashrc'), '-i'],
    source: 'source <(tinyrun completion bash)',
  },
  zsh: { args: ['zsh', '-d', '-i'], source: 'source <(tinyrun completion zsh)' },
  fish: { args: ['fish', '-i'], source: 'tinyrun completion fish | source' },
} as const;

class Shell {
  readonly #pty = native().openpty({ rows: 40, columns: 200 });
  readonly #child: ChildProcess;
  readonly #master: ReadStream;
  #text = '';
  #arrived: () => void = () => undefined;

  constructor(args: readonly string[]) {
    const { master, slave } = this.#pty;
    const env = {
      ...sandbox.env,
      HOME: home,
      ZDOTDIR: home,
      TERM: 'xterm',
      PATH: `${path.dirname(TINYRUN)}:${process.env.PATH}`,
    };
    this.#child = spawn('setsid', ['--ctty', '--wait', ...args], {
      cwd: home,
      env,
      stdio: [slave, slave, slave],
    });
    native().close(slave);
    this.#master = new ReadStream(master);
    this.#master
      .on('error', () => undefined)
      .on('data', (chunk) => {
        this.#text += String(chunk);
        // fish asks the terminal what it is and waits for the answer: a VT100
        if (String(chunk).includes('\x1b[c')) this.type('\x1b[?6c');
        this.#arrived();
      });
  }

  type(text: string): void {
    (this.#master as unknown as NodeJS.WritableStream).write(text);
  }

  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.#text);
      if (found) {
        this.#text = this.#text.slice(found.index + found[0].length);
        return found[1] ?? found[0];
      }
      await new Promise<void>((resolve, reject) => {
        const late = () => reject(new Error(`no ${pattern} in ${JSON.stringify(this.#text.slice(-800))}`));
        const timer = setTimeout(late, 60_000);
        this.#arrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.on('close', resolve));
    this.#child.kill('SIGHUP');
    this.type('\x03\x04');
    this.#master.destroy();
    await ended;
  }
}

/** Typed, and what the tab key makes of it. */
const LINES: readonly (readonly [string, string])[] = [
  ['tinyrun hist', 'tinyrun history'],
  ['tinyrun -D hist', 'tinyrun -D history'],
  ['tinyrun image hist', 'tinyrun image history'],
  ['tinyrun run --read-o', 'tinyrun run --read-only'],
  ['tinyrun run --pull n', 'tinyrun run --pull never'],
  ['tinyrun run --pull=n', 'tinyrun run --pull=never'],
  ['tinyrun rm web', 'tinyrun rm web-server'],
  ['tinyrun run busyb', 'tinyrun run busybox:latest'],
  ['tinyrun history busybox:la', 'tinyrun history busybox:latest'],
  ['tinyrun run --env-file a-f', 'tinyrun run --env-file a-file.env'],
  ['tinyrun run --env-file=a-f', 'tinyrun run --env-file=a-file.env'],
  ['tinyrun --data-root a-d', 'tinyrun --data-root a-directory/'],
  ['tinyrun run busybox ls a-d', 'tinyrun run busybox ls a-directory/'],
];

test.each(Object.entries(SHELLS))('%s completes', async (_, { args, source }) => {
  const shell = new Shell(args);
  try {
    await shell.until(/ready> /);
    shell.type(`${source}; echo sour''ced\r`);
    await shell.until(/sourced/);
    const completed: [string, string][] = [];
    for (const [typed] of LINES) {
      // Ctrl-A, and the line becomes the argument of an echo
      shell.type(`${typed}\t\x01echo "got": \r`);
      completed.push([typed, (await shell.until(/got: ([\w .:/=-]*)/)).trimEnd()]);
    }
    expect(completed).toEqual(LINES);
  } finally {
    await shell.close();
  }
});
