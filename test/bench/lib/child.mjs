// Child processes that answer lines of JSON with lines of JSON.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const STOPWATCH = fileURLToPath(new URL('stopwatch.mjs', import.meta.url));

/** The environment of every contender: extra certificates cost node 32 ms a start. */
export function cleanEnvironment() {
  const { NODE_EXTRA_CA_CERTS: _certificates, ...env } = process.env;
  // a bridge is asked for where one is measured
  return { TINYRUN_NETWORK: 'none', ...env };
}

/** Waits for a child's end. */
async function exited(child) {
  const end = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode === null && child.signalCode === null) await end;
}

/** Ends a child, and waits for that. */
export async function ended(child) {
  child.kill('SIGTERM');
  await exited(child);
}

/** In a session of its own, as whatever is started here: a terminal's Ctrl-C is for the one who ends them all. */
export class LineChild {
  #process;
  #lines;

  constructor(argv) {
    const [program, ...args] = argv;
    const stdio = ['pipe', 'pipe', 'inherit'];
    this.#process = spawn(program, args, { stdio, env: cleanEnvironment(), detached: true });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async ask(question) {
    this.#process.stdin.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the measuring process ended');
    const answer = JSON.parse(value);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  async close() {
    this.#process.stdin.end();
    await exited(this.#process);
  }
}

/** The stopwatch on the host as it is. */
export const hostStopwatch = () => new LineChild([process.execPath, STOPWATCH]);

/**
 * A command line in a private mount namespace with cgroup2 on /sys/fs/cgroup, as hosts have it that are not hybrid. The
 * host's mounts stay as they are, and the namespace ends with the process.
 */
export function onUnified(argv) {
  const script = 'mount -t cgroup2 none /sys/fs/cgroup && exec "$0" "$@"';
  return ['unshare', '-m', '--propagation', 'private', 'sh', '-c', script, ...argv];
}

/** The stopwatch where crun 1.8 can work on a hybrid host. */
export const unifiedStopwatch = () => new LineChild(onUnified([process.execPath, STOPWATCH]));
