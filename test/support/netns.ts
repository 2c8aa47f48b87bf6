import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { native } from '../../src/native/index.ts';
import { CLONE_NEWNET } from '../../src/spec/linux.ts';

const own = (): number => openSync('/proc/thread-self/ns/net', 'r');

/** A network namespace of the test's own. It ends with its fd, and the processes in it. */
export class Netns {
  readonly fd: number;

  /** That of a process, or a new one. */
  constructor(pid?: number) {
    if (pid !== undefined) {
      this.fd = openSync(`/proc/${pid}/ns/net`, 'r');
      return;
    }
    const home = own();
    try {
      native().unshare(Number(CLONE_NEWNET));
      this.fd = own();
    } finally {
      native().setns(home, Number(CLONE_NEWNET));
      closeSync(home);
    }
    this.ip('link', 'set', 'lo', 'up');
  }

  /** This thread is there while `body` runs, and what it starts stays there. */
  run<T>(body: () => T): T {
    const home = own();
    native().setns(this.fd, Number(CLONE_NEWNET));
    try {
      return body();
    } finally {
      native().setns(home, Number(CLONE_NEWNET));
      closeSync(home);
    }
  }

  /** The same of what waits: nothing else of this thread may run meanwhile. */
  async runAsync<T>(body: () => Promise<T>): Promise<T> {
    const home = own();
    native().setns(this.fd, Number(CLONE_NEWNET));
    try {
      return await body();
    } finally {
      native().setns(home, Number(CLONE_NEWNET));
      closeSync(home);
    }
  }

  /** What a program prints; throws with what it says where it fails. */
  exec(program: string, args: readonly string[], input = ''): string {
    const { status, stdout, stderr, error } = this.run(() =>
      spawnSync(program, args, { encoding: 'utf8', input, timeout: 60_000 }),
    );
    if (status !== 0) throw error ?? new Error(`${program} ${args.join(' ')}: ${stderr || stdout}`);
    return stdout;
  }

  ip(...args: string[]): string {
    return this.exec('ip', args);
  }

  /** `ip -j -d …` as objects. */
  // biome-ignore lint/suspicious/noExplicitAny: what ip(8) answers has no types
  ask(...args: string[]): any[] {
    return JSON.parse(this.ip('-j', '-d', ...args) || '[]');
  }

  dispose(): void {
    closeSync(this.fd);
  }
}
