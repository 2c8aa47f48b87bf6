import { TinyrunError } from '../errors.ts';
import { type FieldKind, STEPS } from './steps.gen.ts';
import { type Plan, SLOTS, type Step } from './types.ts';

// Plan → bytes, the wire of ARCHITECTURE.md, which native/init/decode.cc reads. One pass over a buffer that grows;
// it starts zeroed and is written only once, so padding needs no code. Little endian, as both architectures are.

/** "TRPL", little endian. */
export const MAGIC = 0x4c505254;
export const VERSION = 1;
/** Bytes before the first step. */
export const HEADER = 32 + 4 * SLOTS;
/** More is refused by the interpreter. */
export const MAX_SIZE = 16 << 20;
export const LANE_CODES = { host: 1, container: 2 } as const;
export const MAY_FAIL = 1;

const U64_MAX = 0xffff_ffff_ffff_ffffn;
const U32_MAX = 0xffff_ffffn;

/** Longer texts are left to the engine's own encoder: a loop costs less only where the call would cost more. */
const SHORT = 64;

/** Fields, one behind another. Everything is 4-byte aligned, so that words are stores into an array: `run` encodes once, and cold. */
export class Writer {
  #bytes = new Uint8Array(16384);
  #words = new Uint32Array(this.#bytes.buffer);
  /** Bytes written. */
  at = 0;

  /** Makes room for `bytes` more at the current place. */
  #reserve(bytes: number): void {
    const needed = this.at + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array((Math.max(needed, 2 * this.#bytes.length) + 3) & ~3);
    larger.set(this.#bytes.subarray(0, this.at));
    this.#bytes = larger;
    this.#words = new Uint32Array(larger.buffer);
  }

  #word(value: number): void {
    this.#reserve(4);
    this.#words[this.at >> 2] = value;
    this.at += 4;
  }

  u32(value: number): void {
    if (value >>> 0 !== value) throw new RangeError(`${value} does not fit 32 bits`);
    this.#word(value);
  }

  i32(value: number): void {
    if ((value | 0) !== value) throw new RangeError(`${value} does not fit 32 bits`);
    this.#word(value);
  }

  u64(value: bigint): void {
    if (value < 0n || value > U64_MAX) throw new RangeError(`${value} does not fit 64 bits`);
    this.#word(Number(value & U32_MAX));
    this.#word(Number(value >> 32n));
  }

  i64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${value} does not fit 64 bits`);
    this.u64(BigInt.asUintN(64, value));
  }

  str(text: string): void {
    // UTF-8 takes at most three bytes for a UTF-16 unit; then NUL and padding.
    this.#reserve(4 + 3 * text.length + 4);
    const length = text.length <= SHORT && this.#ascii(text) ? text.length : this.#utf8(text);
    this.#words[this.at >> 2] = length;
    this.at += 4 + ((length + 4) & ~3);
  }

  /** False, with nothing lasting written, for what is not plain ASCII. */
  #ascii(text: string): boolean {
    const start = this.at + 4;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit === 0 || unit > 127) return false;
      this.#bytes[start + i] = unit;
    }
    return true;
  }

  #utf8(text: string): number {
    if (text.includes('\0')) throw new RangeError(`${JSON.stringify(text)} holds a NUL byte`);
    const encoded = Buffer.from(text, 'utf8');
    this.#bytes.set(encoded, this.at + 4);
    return encoded.length;
  }

  bytes(data: Uint8Array): void {
    this.#reserve(4 + data.length + 3);
    this.#words[this.at >> 2] = data.length;
    this.#bytes.set(data, this.at + 4);
    this.at += 4 + ((data.length + 3) & ~3);
  }

  /** Without its length: the last there is, since nothing after it would be aligned. */
  raw(data: Uint8Array): void {
    this.#reserve(data.length);
    this.#bytes.set(data, this.at);
    this.at += data.length;
  }

  /** Eight bytes to be filled in by `header` once the payload is known; answers where they are. */
  skipHeader(): number {
    this.#reserve(8);
    this.at += 8;
    return this.at - 8;
  }

  /** u16 opcode, u8 lane, u8 flags, u32 size of the payload. */
  header(at: number, step: Step): void {
    const flags = step.mayFail ? MAY_FAIL : 0;
    this.#words[at >> 2] = STEPS[step.op].code | (LANE_CODES[step.lane] << 16) | (flags << 24);
    this.#words[(at >> 2) + 1] = this.at - at - 8;
  }

  /** All of it as one frame, for whose head the first eight bytes were skipped: kind, three zeros, size (big endian). */
  frame(kind: number): Uint8Array {
    const size = this.at - 8;
    this.#bytes.set([kind, 0, 0, 0, size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255]);
    return this.#bytes.subarray(0, this.at);
  }

  finish(count: number): Uint8Array {
    const size = this.at;
    // Control socket and slots: no fd.
    this.#words.fill(0xffffffff, 5, HEADER / 4);
    this.#words.set([MAGIC, VERSION, size, count, 0], 0);
    this.#words.fill(0, 6, 8);
    return this.#bytes.subarray(0, size);
  }
}

export const WRITE: { readonly [K in FieldKind]: (out: Writer, value: never) => void } = {
  u32: (out, value: number) => out.u32(value),
  slot: (out, value: number) => out.u32(value),
  i32: (out, value: number) => out.i32(value),
  u64: (out, value: bigint) => out.u64(value),
  i64: (out, value: bigint) => out.i64(value),
  str: (out, value: string) => out.str(value),
  bytes: (out, value: Uint8Array) => out.bytes(value),
  strs: (out, value: readonly string[]) => {
    out.u32(value.length);
    for (const text of value) out.str(text);
  },
  u32s: (out, value: readonly number[]) => {
    out.u32(value.length);
    for (const word of value) out.u32(word);
  },
};

function writeStep(out: Writer, step: Step, index: number): void {
  const at = out.skipHeader();
  const args = step.args as Record<string, unknown>;
  const fields: readonly (readonly [string, FieldKind])[] = STEPS[step.op].fields;
  for (const [name, kind] of fields) {
    try {
      WRITE[kind](out, args[name] as never);
    } catch (error) {
      const { message } = error as Error;
      throw new TinyrunError('PLAN_ARGUMENT', `step ${index + 1} (${step.op}), ${name}: ${message}`, {
        cause: error,
      });
    }
  }
  out.header(at, step);
}

let hear: (plan: Plan, bytes: Uint8Array) => void = () => {};
/** Who looks on hears of each plan that is encoded: bytes have no reasons. */
export const hearPlans = (listener: typeof hear): void => {
  hear = listener;
};

/**
 * The plan as the interpreter reads it: steps and arguments, without what is for people (why) and for later (undo).
 * @throws TinyrunError (PLAN_ARGUMENT) naming the step and the field that cannot be told to the kernel.
 * @example
 * const rootfs = { kind: 'directory', path: '/r' } as const;
 * const where = { id: 'x', bundle: '/b', rootfs, wait: { kind: 'exec' } } as const;
 * const { plan } = compile(defaultSpec(), hostFacts(), { ...where, onMissingController: 'warn' });
 * console.log(Buffer.from(encode(plan)).toString('latin1', 0, 4)); // TRPL
 */
export function encode(plan: Plan): Uint8Array {
  const out = new Writer();
  out.at = HEADER;
  plan.steps.forEach((step, index) => {
    writeStep(out, step, index);
  });
  if (out.at > MAX_SIZE) throw new TinyrunError('PLAN_ARGUMENT', 'the plan is larger than 16 MiB');
  const bytes = out.finish(plan.steps.length);
  hear(plan, bytes);
  return bytes;
}
