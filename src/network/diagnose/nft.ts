import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { native } from '../../native/index.ts';
import { CLONE_NEWNET } from '../../spec/linux.ts';

/** What a program prints; undefined where it fails, as for who may not look. */
export function ask(program: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 60_000,
  });
  return status === 0 ? stdout : undefined;
}

/** The same in the network of a process: a child is where the thread is that starts it. */
export function askIn(pid: number, program: string, args: readonly string[]): string | undefined {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  const there = openSync(`/proc/${pid}/ns/net`, 'r');
  const go = (fd: number) => native().setns(fd, Number(CLONE_NEWNET));
  try {
    go(there);
    try {
      return ask(program, args);
    } finally {
      go(home);
    }
  } finally {
    closeSync(home);
    closeSync(there);
  }
}
