import { TinyrunError } from '../errors.ts';
import { HEADER, LANE_CODES, MAGIC, MAX_SIZE, MAY_FAIL, VERSION } from './encode.ts';
import { type FieldKind, STEPS, type StepArgs } from './steps.gen.ts';
import { type Lane, NO_SLOT, SLOTS, type StepName } from './types.ts';

// Bytes → what the interpreter would run. It believes nothing, exactly like native/init/decode.cc: a test holds the
// two against each other.

/** What is left of a step on the wire. */
export type WireStep = {
  [N in StepName]: {
    readonly op: N;
    readonly lane: Lane;
    readonly args: StepArgs[N];
    readonly mayFail?: true;
  };
}[StepName];

function refuse(fault: string, step?: number): never {
  const where = step === undefined ? '' : `step ${step + 1}: `;
  throw new TinyrunError('PLAN_DAMAGED', `${where}${fault}`);
}

/** Reads one payload, bounds first. */
export class Reader {
  readonly #data: Buffer;
  readonly #end: number;
  readonly #refuse: (fault: string) => never;
  #at: number;

  constructor(data: Buffer, at: number, end: number, refuse: (fault: string) => never) {
    this.#data = data;
    this.#at = at;
    this.#end = end;
    this.#refuse = refuse;
  }

  #take(bytes: number): number {
    if (bytes > this.#end - this.#at) this.#refuse('arguments end early');
    const at = this.#at;
    this.#at += bytes;
    return at;
  }

  /** Room for `bytes` and the zeros that fill them up to a multiple of four. */
  #takePadded(bytes: number): number {
    const padded = Math.ceil(bytes / 4) * 4;
    const at = this.#take(padded);
    for (let i = at + bytes; i < at + padded; i++)
      if (this.#data[i] !== 0) this.#refuse('padding is not zero');
    return at;
  }

  u32(): number {
    return this.#data.readUInt32LE(this.#take(4));
  }

  str(): string {
    const length = this.u32();
    const at = this.#takePadded(length + 1);
    if (this.#data[at + length] !== 0) this.#refuse('string has no NUL at its end');
    if (this.#data.indexOf(0, at) < at + length) this.#refuse('string has a NUL inside');
    return this.#data.toString('utf8', at, at + length);
  }

  /** A count of things that take `least` bytes each: what cannot fit is refused before anything is allocated. */
  #count(least: number, what: string): number {
    const count = this.u32();
    if (count > (this.#end - this.#at) / least) this.#refuse(`more ${what} than fit`);
    return count;
  }

  field(kind: FieldKind | 'raw'): unknown {
    switch (kind) {
      case 'raw':
        return this.#rest();
      case 'u32':
        return this.u32();
      case 'i32':
        return this.#data.readInt32LE(this.#take(4));
      case 'slot':
        return this.#slot();
      case 'u64':
        return this.#data.readBigUInt64LE(this.#take(8));
      case 'i64':
        return this.#data.readBigInt64LE(this.#take(8));
      case 'str':
        return this.str();
      case 'bytes':
        return this.#bytes();
      case 'strs':
        return Array.from({ length: this.#count(8, 'strings') }, () => this.str());
      case 'u32s':
        return Array.from({ length: this.#count(4, 'numbers') }, () => this.u32());
    }
  }

  #slot(): number {
    const slot = this.u32();
    if (slot >= SLOTS && slot !== NO_SLOT) this.#refuse('slot is out of range');
    return slot;
  }

  #bytes(): Uint8Array {
    const length = this.u32();
    const at = this.#takePadded(length);
    return new Uint8Array(this.#data.subarray(at, at + length));
  }

  #rest(): Uint8Array {
    const at = this.#take(this.#end - this.#at);
    return new Uint8Array(this.#data.subarray(at, this.#end));
  }

  finish(): void {
    if (this.#at !== this.#end) this.#refuse('arguments go on after the last one');
  }
}

const BY_CODE: readonly StepName[] = Object.keys(STEPS) as StepName[];
const LANES: readonly (Lane | undefined)[] = [undefined, 'host', 'container'];

function checkHeader(data: Buffer): void {
  if (data.length < HEADER) refuse('shorter than its header');
  if (data.length > MAX_SIZE) refuse('larger than 16 MiB');
  if (data.readUInt32LE(0) !== MAGIC) refuse('not a plan: the magic number is wrong');
  if (data.readUInt32LE(4) !== VERSION) refuse('made for another version of the interpreter');
  if (data.readUInt32LE(8) !== data.length) refuse('size in the header is not the size of the plan');
  if ((data.readUInt32LE(16) & ~3) !== 0) refuse('unknown flags in the header');
  if (data.readUInt32LE(28) !== 0) refuse('reserved word is not zero');
  if (data.readInt32LE(20) < -1) refuse('control socket is not an fd');
  for (let at = 32; at < HEADER; at += 4) if (data.readInt32LE(at) < -1) refuse('slot holds no fd');
}

interface Head {
  readonly op: StepName;
  readonly lane: Lane;
  readonly mayFail: boolean;
  readonly size: number;
}

function readHead(data: Buffer, at: number, index: number): Head {
  if (data.length - at < 8) refuse('step ends early', index);
  const op = BY_CODE[data.readUInt16LE(at) - 1];
  if (op === undefined) return refuse('unknown step', index);
  const code = data.readUInt8(at + 2);
  const lane = LANES[code];
  const allowed = STEPS[op].lane;
  if (lane === undefined || (allowed !== 'both' && LANE_CODES[allowed] !== code))
    return refuse('step does not run in this lane', index);
  const flags = data.readUInt8(at + 3);
  if ((flags & ~MAY_FAIL) !== 0) refuse('unknown flags of a step', index);
  const size = data.readUInt32LE(at + 4);
  if (size % 4 !== 0) refuse('arguments are not a multiple of four bytes', index);
  if (size > data.length - at - 8) refuse('arguments reach beyond the plan', index);
  return { op, lane, mayFail: flags !== 0, size };
}

/**
 * The executable part of an encoded plan: op, lane, arguments, mayFail. Text that is not UTF-8 comes back with U+FFFD.
 * @throws TinyrunError (PLAN_DAMAGED) naming the first fault.
 * @example
 * const rootfs = { kind: 'directory', path: '/r' } as const;
 * const where = { id: 'x', bundle: '/b', rootfs, wait: { kind: 'exec' } } as const;
 * const { plan } = compile(defaultSpec(), hostFacts(), { ...where, onMissingController: 'warn' });
 * console.log(decode(encode(plan)).length === plan.steps.length); // true
 */
export function decode(bytes: Uint8Array): WireStep[] {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkHeader(data);
  const steps: WireStep[] = [];
  let at = HEADER;
  while (at < data.length) {
    const { op, lane, mayFail, size } = readHead(data, at, steps.length);
    const index = steps.length;
    const reader = new Reader(data, at + 8, at + 8 + size, (fault) => refuse(fault, index));
    const fields: readonly (readonly [string, FieldKind])[] = STEPS[op].fields;
    const args = Object.fromEntries(fields.map(([name, kind]) => [name, reader.field(kind)]));
    reader.finish();
    steps.push({ op, lane, args, ...(mayFail ? { mayFail: true } : {}) } as WireStep);
    at += 8 + size;
  }
  if (steps.length !== data.readUInt32LE(12)) refuse('count of steps in the header is wrong');
  return steps;
}
