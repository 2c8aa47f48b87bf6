import { type SpawnOptions, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const PROJECT = path.resolve(import.meta.dirname, '../..');
export const TINYRUN = path.join(PROJECT, 'bin/tinyrun');
/** Another runtime's path lets the tests of conformance be tried against it. */
export const TINYRUNC = process.env.TINYRUN_TEST_RUNTIME ?? path.join(PROJECT, 'bin/tinyrunc');

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function execute(
  file: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<Result> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const out = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    out.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    out.stderr += text;
  });
  const code = await new Promise<number>((resolve, reject) => {
    // Far beyond what a container takes on a busy machine.
    const timer = setTimeout(() => child.kill('SIGKILL'), 120_000);
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      if (signal !== null) out.stderr += `(ended by ${signal})`;
      resolve(status ?? -1);
    });
  });
  return { code, ...out };
}

/** Waits until `ready` answers true; looks every 5 ms for at most `seconds`. */
export async function until(ready: () => boolean, seconds = 90): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!ready()) {
    if (Date.now() > end) throw new Error(`not so within ${seconds} s: ${ready}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * Whether a process has ended: it is gone, or a zombie, the last of its threads: as long as one of node's others is on its
 * way out, files stand open and locks are held. An orphan stays one until the host's pid 1 reaps it, which some do only
 * every two seconds, and which is none of the runtime's doing.
 */
export function hasEnded(pid: number): boolean {
  try {
    return /^State:\t[ZX][\s\S]*^Threads:\t[01]$/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return true;
  }
}

/** Resident set of a process, kB. */
export function rss(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
}
