import { NO_SLOT } from './types.ts';

// What a seccomp filter, a classic BPF program (linux/filter.h), says to a call: worked out rather than tried.

const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const ENOSYS = 38;
const CLONE_FLAGS = 0x8000 | 0x1000 | 17;
const TIOCSCTTY = 0x540e;

/** linux/audit.h, and the numbers of what a fork and the steps after it call. */
const ARCHES: Readonly<Record<string, { readonly audit: number; readonly calls: Calls }>> = {
  x64: {
    audit: 0xc000003e,
    calls: {
      clone3: 435,
      clone: 56,
      ioctl: 16,
      others: [0, 3, 9, 46, 59, 60, 95, 112, 126, 231, 293],
      dying: [157, 271],
    },
  },
  arm64: {
    audit: 0xc00000b7,
    calls: {
      clone3: 435,
      clone: 220,
      ioctl: 29,
      others: [63, 57, 222, 211, 221, 93, 166, 157, 91, 94, 59],
      dying: [167, 73],
    },
  },
};

interface Calls {
  readonly clone3: number;
  readonly clone: number;
  readonly ioctl: number;
  /** read close mmap sendmsg execve exit umask setsid capset exit_group pipe2 */
  readonly others: readonly number[];
  /** prctl ppoll: of one that is to end with its parent */
  readonly dying: readonly number[];
}

/** struct seccomp_data, arguments as the low halves of theirs. */
function dataOf(audit: number, nr: number, args: readonly number[]): DataView {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, nr, true);
  data.setUint32(4, audit, true);
  args.forEach((value, i) => {
    data.setUint32(16 + 8 * i, value, true);
  });
  return data;
}

/** The operand of a jump or of arithmetic is compared as the kernel does, unsigned. */
function jumps(operation: number, a: number, k: number): boolean | undefined {
  if (operation === 0x10) return a === k;
  if (operation === 0x20) return a > k;
  if (operation === 0x30) return a >= k;
  return operation === 0x40 ? (a & k) !== 0 : undefined;
}

/** The filter's return value; undefined where an instruction is none that libseccomp writes. */
export function verdict(filter: Uint8Array, data: DataView): number | undefined {
  const program = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  let a = 0;
  for (let at = 0; at + 8 <= filter.byteLength; at += 8) {
    const code = program.getUint16(at, true);
    const k = program.getUint32(at + 4, true);
    if (code === 0x20 && k <= 60) a = data.getUint32(k, true);
    else if (code === 0x54) a = (a & k) >>> 0;
    else if (code === 0x06) return k;
    else if (code === 0x05) at += 8 * k;
    else {
      const jumped = (code & 0x0f) === 0x05 ? jumps(code & 0xf0, a, k) : undefined;
      if (jumped === undefined) return undefined;
      at += 8 * program.getUint8(jumped ? at + 2 : at + 3);
    }
  }
  return undefined;
}

/** Whether the process can be forked, and get to its program, with the filter in force; nobody need listen to it. */
export function permitsFork(filter: Uint8Array, listener: number, arch: string, dies = false): boolean {
  const known = ARCHES[arch];
  if (known === undefined || listener !== NO_SLOT) return false;
  const { audit, calls } = known;
  const says = (nr: number, ...args: number[]) => verdict(filter, dataOf(audit, nr, args));
  const clone3 = says(calls.clone3);
  const forks = clone3 === ALLOW || (clone3 === ERRNO + ENOSYS && says(calls.clone, CLONE_FLAGS) === ALLOW);
  const others = dies ? [...calls.others, ...calls.dying] : calls.others;
  return forks && says(calls.ioctl, 0, TIOCSCTTY) === ALLOW && others.every((nr) => says(nr) === ALLOW);
}
