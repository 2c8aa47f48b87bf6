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

/** The value the filter returns: `SECCOMP_RET_*` in the upper half, data in the lower. */
export function runFilter(filter: Uint8Array, call: Call): number {
  const data = seccompData(call);
  const code = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  let a = 0;
  for (let pc = 0; pc < filter.byteLength / 8; pc++) {
    const at = 8 * pc;
    const op = code.getUint16(at, true);
    const k = code.getUint32(at + 4, true);
    const jump = (taken: boolean) => code.getUint8(at + (taken ? 2 : 3));
    if (op === 0x20) a = data.getUint32(k, true);
    else if (op === 0x05) pc += k;
    else if (op === 0x15) pc += jump(a === k);
    else if (op === 0x25) pc += jump(a > k);
    else if (op === 0x35) pc += jump(a >= k);
    else if (op === 0x54) a = (a & k) >>> 0;
    else if (op === 0x06) return k;
    else throw new Error(`unknown BPF instruction 0x${op.toString(16)} at ${pc}`);
  }
  throw new Error('the filter ends without a return');
}

/** `allow`, `errno 38`, `kill`, or the number. */
export function answer(filter: Uint8Array, call: Call): string {
  const value = runFilter(filter, call);
  const action = (value & 0xffff0000) >>> 0;
  if (action === 0x7fff0000) return 'allow';
  if (action === 0x00050000) return `errno ${value & 0xffff}`;
  return action === 0 || action === 0x80000000 ? 'kill' : `0x${value.toString(16)}`;
}
