// Attackers' tools.
import { AT_FDCWD, native } from '../../src/native/index.ts';
import type { MutableMount } from '../support/spec.ts';

const RENAME_EXCHANGE = 2;

export const bind = (source: string, destination: string, ...options: string[]): MutableMount => ({
  source,
  destination,
  type: 'bind',
  options: ['rbind', ...options],
});

/** Exchanges two names for as long as `during` takes, at least `least` times; answers how often it did. */
export async function swapWhile(
  a: string,
  b: string,
  during: Promise<unknown>,
  least = 500,
): Promise<number> {
  let running = true;
  const ended = during.finally(() => {
    running = false;
  });
  let count = 0;
  while (running || count < least) {
    native().renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
    // The event loop has to see the end of what is attacked.
    if (++count % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  if (count % 2 === 1) native().renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
  await ended;
  return count;
}

// A sight of a process whose program is none of busybox's: its capabilities, its filter, where its files lead. One that went on
// meanwhile was not seen whole.
export const HUNTER = `echo hunting
  elsewhere() { case $(readlink $1/exe) in ''|/bin/*) false ;; esac }
  look() {
    grep -E '^(CapPrm|CapEff|CapBnd|Seccomp):' $1/status
    for f in $1/fd/*; do
      case $f in */[012]) continue ;; esac
      case $(readlink $f) in /*) echo "LEADS $(readlink $f)" ;; esac
      ls $f/1/root/ 2>/dev/null && echo "HOST BEHIND $f"
    done
  }
  while :; do for p in /proc/[0-9]*; do
    elsewhere $p || continue
    seen=$(look $p 2>/dev/null)
    elsewhere $p || continue
    echo "$seen"; echo end; exit
  done; done`;

/** Held at its first call after it has become visible, and before its execve. */
export const HOLD =
  'strace -f -qq -o /dev/null -e trace=setsid,execve -e inject=setsid,execve:delay_enter=600000'.split(' ');
