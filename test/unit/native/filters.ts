import type { SeccompInput } from '../../../src/native/index.ts';
import { AUDIT_ARCH, type Compared, machine } from '../spec/bpf.ts';

// Two seccomp filters compared at every call where the answer of either can change, and filters to compare.

export const instructions = (filter: Uint8Array): number => filter.length / 8;

const around = (k: number) => [k - 1, k, k + 1].map((value) => value >>> 0);
const bits = (k: number) => Array.from({ length: 32 }, (_, i) => (k & (1 << i)) >>> 0);

/** Where no filter need change its mind: the x32 bit, private calls of arm, negative ones. */
const NUMBERS = [0, 0x40000000, 0x80000000, 0xc0000000, 0xffffffff, 0x0f0001, 0x0f0006].flatMap(around);
const ARCHES = [...Object.values(AUDIT_ARCH), 0x40000028, 0, 0xffffffff].flatMap(around);

/**
 * Calls that the two answer differently, the first ten: of all architectures and numbers with which either compares, and
 * those beside them, each with at most `most` combinations of what its arguments are compared with.
 */
export function differences(one: Uint8Array, other: Uint8Array, most = 300): string[] {
  const [a, b] = [machine(one), machine(other)];
  const found: string[] = [];
  // Both sets grow while they are gone through, by what is compared on the way.
  const arches = new Set(ARCHES);
  for (const arch of arches) {
    const numbers = new Set(NUMBERS);
    const learn = (word: number, k: number) => {
      const known = word === 0 ? numbers : arches;
      if (word < 2) for (const value of around(k)) known.add(value);
    };
    for (const nr of numbers)
      for (const call of callsOf(Uint32Array.of(nr, arch, ...new Uint32Array(14)), [a, b], learn, most)) {
        const [x, y] = [a(call), b(call)];
        const text = () => `${[...call].map(hex).join(' ')}: ${hex(x)}, ${hex(y)}`;
        if (x !== y && found.push(text()) === 10) return found;
      }
  }
  return found;
}

const hex = (value: number) => value.toString(16);
type Machine = ReturnType<typeof machine>;

/** The call, and those with other arguments, found from what its arguments are compared with. */
function callsOf(
  first: Uint32Array,
  machines: readonly Machine[],
  learn: Compared,
  most: number,
): Uint32Array[] {
  const calls = [first];
  const seen = new Set<string>();
  const vary = (base: Uint32Array, word: number, value: number) => {
    if (calls.length >= most || base[word] === value) return;
    const call = base.with(word, value);
    const key = call.join();
    if (!seen.has(key)) calls.push(call);
    seen.add(key);
  };
  for (const call of calls)
    for (const run of machines)
      run(call, (word, k) => {
        learn(word, k);
        if (word > 1) for (const value of [...around(k), ~k >>> 0, ...bits(k)]) vary(call, word, value);
      });
  return calls;
}

export type Random = (below: number) => number;

/** Numbers from a seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const NAMES =
  `read write open close stat fstat poll lseek mmap mprotect brk ioctl pread64 access pipe select madvise dup
  nanosleep getpid socket connect accept sendto bind listen clone fork execve exit wait4 kill uname fcntl flock fsync
  truncate getcwd chdir mkdir rmdir link unlink chmod chown umask ptrace syslog setuid personality mount umount2 reboot
  unshare openat mkdirat splice setns bpf clone3 io_uring_setup ipc socketcall set_thread_area`.split(/\s+/);
const ACTIONS = ['ALLOW', 'ERRNO', 'KILL', 'KILL_PROCESS', 'LOG', 'NOTIFY', 'TRACE', 'TRAP'];
const OPERATORS = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'];
const VALUES = [0n, 1n, 2n, 40n, 0xffffn, 0x7e020000n, 0x80000000n, 0xffffffffn, 1n << 32n, (1n << 63n) + 5n];

/** A profile with comparisons of arguments, several actions, and numbers of errors. */
export function randomProfile(
  random: Random,
  defaultAction: string,
  architectures: readonly string[],
): SeccompInput {
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const args = () =>
    Array.from({ length: random(3) }, (_, i) => ({
      index: (i + random(2)) % 6,
      value: pick(VALUES),
      valueTwo: pick(VALUES),
      op: `SCMP_CMP_${pick(OPERATORS)}`,
    }));
  // One action for a name: libseccomp refuses some combinations of rules for one call.
  const names = NAMES.filter(() => random(3) > 0);
  const syscalls = names.map((name) => ({
    names: [name],
    action: `SCMP_ACT_${pick(ACTIONS)}`,
    errnoRet: pick([1, 13, 38]),
    args: random(4) === 0 ? args() : [],
  }));
  return {
    defaultAction,
    defaultErrnoRet: pick([1, 38]),
    architectures: architectures.filter(() => random(2) > 0),
    syscalls,
  } as SeccompInput;
}

/** A program of some twenty instructions that all lead forwards; some of what is not followed among them. */
export function program(random: Random): number[][] {
  const length = 8 + random(24);
  const constants = [0, 1, 2, 5, 9, 0x40000000, 0xc000003e, 0x40000003, 0xffffffff, 0x7fffffff];
  const constant = () => constants[random(constants.length)] as number;
  const lines = [[0x20, 0, 0, random(2) * 4]];
  for (let i = 1; i < length; i++) {
    const rest = length - i;
    const kind = random(16);
    if (kind < 9)
      lines.push([
        [0x15, 0x25, 0x35][random(3)] as number,
        random(Math.min(rest, 5)),
        random(Math.min(rest, 5)),
        constant(),
      ]);
    else if (kind < 11) lines.push([0x20, 0, 0, 4 * random(2)]);
    else if (kind < 13) lines.push([0x20, 0, 0, 8 + 4 * random(14)]);
    else if (kind < 14) lines.push([0x05, 0, 0, random(Math.min(rest, 3))]);
    else if (kind < 15) lines.push([6, 0, 0, 0x50000 + random(4)]);
    else lines.push([random(2) === 0 ? 0x54 : 0x45, 0, 0, constant()]);
  }
  return [...lines, [6, 0, 0, 0x7fff0000]];
}
