import { TinyrunError } from '../errors.ts';
import { type FieldKind, STEPS } from './steps.gen.ts';
import { type Plan, SLOTS, type Step } from './types.ts';

// Plan → bytes, the wire of ARCHITECTURE.md, which native/init/decode.cc reads. One pass over a buffer that grows;
// it starts zeroed and is written only once, so padding needs no code.

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

class Writer {
  #buffer = Buffer.alloc(16384);
  at = 0;

  /** Makes room for `bytes` more at the current place. */
  #reserve(bytes: number): void {
    const needed = this.at + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.alloc(Math.max(needed, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.at);
    this.#buffer = larger;
  }

  u32(value: number): void {
    if (value >>> 0 !== value) throw new RangeError(`${value} does not fit 32 bits`);
    this.#reserve(4);
    this.at = this.#buffer.writeUInt32LE(value, this.at);
  }

  i32(value: number): void {
    if ((value | 0) !== value) throw new RangeError(`${value} does not fit 32 bits`);
    this.#reserve(4);
    this.at = this.#buffer.writeInt32LE(value, this.at);
  }

  u64(value: bigint): void {
    if (value < 0n || value > U64_MAX) throw new RangeError(`${value} does not fit 64 bits`);
    this.#reserve(8);
    this.at = this.#buffer.writeBigUInt64LE(value, this.at);
  }

  i64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${value} does not fit 64 bits`);
    this.#reserve(8);
    this.at = this.#buffer.writeBigInt64LE(value, this.at);
  }

  str(text: string): void {
    if (text.includes('\0')) throw new RangeError(`${JSON.stringify(text)} holds a NUL byte`);
    // UTF-8 takes at most three bytes for a UTF-16 unit; then NUL and padding.
    this.#reserve(4 + 3 * text.length + 4);
    const length = this.#buffer.write(text, this.at + 4, 'utf8');
    this.#buffer.writeUInt32LE(length, this.at);
    this.at += 4 + ((length + 4) & ~3);
  }

  bytes(data: Uint8Array): void {
    this.#reserve(4 + data.length + 3);
    this.#buffer.writeUInt32LE(data.length, this.at);
    this.#buffer.set(data, this.at + 4);
    this.at += 4 + ((data.length + 3) & ~3);
  }

  /** Eight bytes to be filled in by `header` once the payload is known; answers where they are. */
  skipHeader(): number {
    this.#reserve(8);
    this.at += 8;
    return this.at - 8;
  }

  header(at: number, step: Step): void {
    this.#buffer.writeUInt16LE(STEPS[step.op].code, at);
    this.#buffer[at + 2] = LANE_CODES[step.lane];
    this.#buffer[at + 3] = step.mayFail ? MAY_FAIL : 0;
    this.#buffer.writeUInt32LE(this.at - at - 8, at + 4);
  }

  finish(count: number): Uint8Array {
    const size = this.at;
    this.at = 0;
    for (const word of [MAGIC, VERSION, size, count, 0]) this.u32(word);
    this.i32(-1);
    for (const word of [0, 0]) this.u32(word);
    for (let slot = 0; slot < SLOTS; slot++) this.i32(-1);
    return this.#buffer.subarray(0, size);
  }
}

const WRITE: { readonly [K in FieldKind]: (out: Writer, value: never) => void } = {
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

/**
 * The plan as the interpreter reads it: steps and arguments, without what is for people (why) and for later (undo).
 * @throws TinyrunError (PLAN_ARGUMENT) naming the step and the field that cannot be told to the kernel.
 */
export function encode(plan: Plan): Uint8Array {
  const out = new Writer();
  out.at = HEADER;
  plan.steps.forEach((step, index) => {
    writeStep(out, step, index);
  });
  if (out.at > MAX_SIZE) throw new TinyrunError('PLAN_ARGUMENT', 'the plan is larger than 16 MiB');
  return out.finish(plan.steps.length);
}
