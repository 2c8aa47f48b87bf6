// A machine for classic BPF as seccomp(2) runs it, to ask a compiled filter without loading it; linux/filter.h.

export const AUDIT_ARCH = { x86_64: 0xc000003e, i386: 0x40000003, aarch64: 0xc00000b7 } as const;

export interface Call {
  readonly arch: number;
  readonly nr: number;
  readonly args?: readonly (number | bigint)[];
}

/** struct seccomp_data: nr, arch, instruction pointer, six arguments; little endian. */
function seccompData({ arch, nr, args = [] }: Call): DataView {
  const data = new DataView(new ArrayBuffer(64));
  data.setInt32(0, nr, true);
  data.setUint32(4, arch, true);
  for (const [i, arg] of args.entries()) data.setBigUint64(16 + 8 * i, BigInt(arg), true);
  return data;
}

/** A comparison that was made: of which 32-bit word of the call, with what. */
export type Compared = (word: number, k: number) => void;

/** The filter as a function of the sixteen 32-bit words of struct seccomp_data. */
export function machine(filter: Uint8Array): (words: Uint32Array, compared?: Compared) => number {
  const view = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  const length = filter.byteLength / 8;
  const each = (read: (at: number) => number) => Uint32Array.from({ length }, (_, i) => read(8 * i));
  const code = each((at) => view.getUint16(at, true));
  const yes = each((at) => view.getUint8(at + 2));
  const no = each((at) => view.getUint8(at + 3));
  const ks = each((at) => view.getUint32(at + 4, true));
  return (words, compared) => {
    let a = 0;
    let word = 0;
    for (let pc = 0; pc < length; pc++) {
      const op = code[pc] ?? 0;
      const k = ks[pc] ?? 0;
      if (op === 0x06) return k;
      if (op === 0x20) {
        word = k / 4;
        a = words[word] ?? 0;
      } else if (op === 0x05) pc += k;
      else {
        compared?.(word, k);
        if (op === 0x54) a = (a & k) >>> 0;
        else pc += (holds(op, a, k, pc) ? yes[pc] : no[pc]) ?? 0;
      }
    }
    throw new Error('the filter ends without a return');
  };
}

function holds(op: number, a: number, k: number, pc: number): boolean {
  if (op === 0x15) return a === k;
  if (op === 0x25) return a > k;
  if (op === 0x35) return a >= k;
  if (op === 0x45) return (a & k) !== 0;
  throw new Error(`unknown BPF instruction 0x${op.toString(16)} at ${pc}`);
}

/** The value the filter returns: `SECCOMP_RET_*` in the upper half, data in the lower. */
export const runFilter = (filter: Uint8Array, call: Call): number =>
  machine(filter)(new Uint32Array(seccompData(call).buffer));

/** `allow`, `errno 38`, `kill`, or the number. */
export function answer(filter: Uint8Array, call: Call): string {
  const value = runFilter(filter, call);
  const action = (value & 0xffff0000) >>> 0;
  if (action === 0x7fff0000) return 'allow';
  if (action === 0x00050000) return `errno ${value & 0xffff}`;
  return action === 0 || action === 0x80000000 ? 'kill' : `0x${value.toString(16)}`;
}

/** A classic BPF program of lines: code, jump if true, jump if false, k (struct sock_filter). */
export function assemble(lines: readonly (readonly number[])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(lines.length * 8));
  lines.forEach(([code = 0, yes = 0, no = 0, k = 0], i) => {
    view.setUint16(8 * i, code, true);
    view.setUint8(8 * i + 2, yes);
    view.setUint8(8 * i + 3, no);
    view.setUint32(8 * i + 4, k, true);
  });
  return new Uint8Array(view.buffer);
}
