// D-Bus's marshalling, little endian: dbus-specification, "Type System" and "Marshaling". A value is written and read
// by its signature; a variant is { signature, value }.
import { dict } from '../../store/dict.ts';

export interface Variant {
  readonly signature: string;
  readonly value: unknown;
}

/** Splits a signature into complete types: `sa(sv)` → `s`, `a(sv)`. */
export function splitSignature(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length; ) {
    const end = endOfType(signature, at);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

function endOfType(signature: string, start: number): number {
  const first = signature[start];
  if (first === 'a') return endOfType(signature, start + 1);
  if (first !== '(' && first !== '{') return start + 1;
  let depth = 0;
  for (let at = start; at < signature.length; at++) {
    if ('({'.includes(signature[at] as string)) depth++;
    if (')}'.includes(signature[at] as string) && --depth === 0) return at + 1;
  }
  throw new Error(`D-Bus signature ${JSON.stringify(signature)} does not close`);
}

const ALIGNMENT: Readonly<Record<string, number>> = dict({
  y: 1,
  g: 1,
  v: 1,
  n: 2,
  q: 2,
  b: 4,
  i: 4,
  u: 4,
  h: 4,
  s: 4,
  o: 4,
  a: 4,
  x: 8,
  t: 8,
  d: 8,
  '(': 8,
  '{': 8,
});

function alignmentOf(type: string): number {
  const alignment = ALIGNMENT[type[0] ?? ''];
  if (alignment === undefined) throw new Error(`D-Bus type ${JSON.stringify(type)} is not known`);
  return alignment;
}

/** Grows as it is written to. */
export class Writer {
  private bytes = Buffer.alloc(256);
  length = 0;

  private reserve(count: number): number {
    const at = this.length;
    if (at + count > this.bytes.length) {
      this.bytes = Buffer.concat([this.bytes, Buffer.alloc(Math.max(count, this.bytes.length))]);
    }
    this.length += count;
    return at;
  }

  align(to: number): void {
    this.reserve((to - (this.length % to)) % to);
  }

  byte(value: number): void {
    const at = this.reserve(1);
    this.bytes[at] = value;
  }

  u32(value: number): void {
    this.align(4);
    const at = this.reserve(4);
    this.bytes.writeUInt32LE(value >>> 0, at);
  }

  u64(value: bigint): void {
    this.align(8);
    const at = this.reserve(8);
    this.bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at);
  }

  string(text: string): void {
    this.u32(Buffer.byteLength(text));
    this.text(text);
  }

  text(text: string): void {
    const at = this.reserve(Buffer.byteLength(text) + 1);
    this.bytes.write(text, at);
  }

  array(element: string, values: readonly unknown[]): void {
    this.u32(0);
    const sizeAt = this.length - 4;
    this.align(alignmentOf(element));
    const start = this.length;
    for (const value of values) this.value(element, value);
    this.bytes.writeUInt32LE(this.length - start, sizeAt);
  }

  /** Writes one value of one complete type. */
  value(type: string, value: unknown): void {
    const write = WRITERS[type[0] ?? ''];
    if (write === undefined) throw new Error(`D-Bus type ${JSON.stringify(type)} cannot be written`);
    write(this, value, type);
  }

  /** Writes one value for each type of a signature. */
  values(signature: string, values: readonly unknown[]): void {
    for (const [index, type] of splitSignature(signature).entries()) this.value(type, values[index]);
  }

  done(): Buffer {
    return this.bytes.subarray(0, this.length);
  }
}

type Write = (writer: Writer, value: unknown, type: string) => void;

const writeU32: Write = (writer, value) => writer.u32(value as number);
const writeU64: Write = (writer, value) => writer.u64(BigInt(value as number | bigint));
const writeString: Write = (writer, value) => writer.string(value as string);
const writeStruct: Write = (writer, value, type) => {
  writer.align(8);
  writer.values(type.slice(1, -1), value as readonly unknown[]);
};

const WRITERS: Readonly<Record<string, Write>> = dict({
  y: (writer, value) => writer.byte(value as number),
  b: (writer, value) => writer.u32(value ? 1 : 0),
  i: writeU32,
  u: writeU32,
  h: writeU32,
  x: writeU64,
  t: writeU64,
  s: writeString,
  o: writeString,
  g: (writer, value) => {
    writer.byte(Buffer.byteLength(value as string));
    writer.text(value as string);
  },
  v: (writer, value) => {
    const variant = value as Variant;
    writer.value('g', variant.signature);
    writer.value(variant.signature, variant.value);
  },
  a: (writer, value, type) => writer.array(type.slice(1), value as readonly unknown[]),
  '(': writeStruct,
  '{': writeStruct,
});

/** Reads what a Writer wrote; throws RangeError where the bytes end too early. */
export class Reader {
  constructor(
    private readonly bytes: Buffer,
    public at = 0,
  ) {}

  align(to: number): void {
    this.at += (to - (this.at % to)) % to;
  }

  private u32(): number {
    this.align(4);
    const value = this.bytes.readUInt32LE(this.at);
    this.at += 4;
    return value;
  }

  private u64(): bigint {
    this.align(8);
    const value = this.bytes.readBigUInt64LE(this.at);
    this.at += 8;
    return value;
  }

  private text(length: number): string {
    if (this.at + length + 1 > this.bytes.length) throw new RangeError('D-Bus message ends in a string');
    const text = this.bytes.toString('utf8', this.at, this.at + length);
    this.at += length + 1;
    return text;
  }

  private array(element: string): unknown[] {
    const size = this.u32();
    this.align(alignmentOf(element));
    const end = this.at + size;
    if (end > this.bytes.length) throw new RangeError('D-Bus message ends in an array');
    const values: unknown[] = [];
    while (this.at < end) values.push(this.value(element));
    return values;
  }

  value(type: string): unknown {
    switch (type[0]) {
      case 'y':
        return this.bytes.readUInt8(this.at++);
      case 'b':
        return this.u32() !== 0;
      case 'i':
        return this.u32() | 0;
      case 'u':
      case 'h':
        return this.u32();
      case 'x':
        return BigInt.asIntN(64, this.u64());
      case 't':
        return this.u64();
      case 's':
      case 'o':
        return this.text(this.u32());
      case 'g':
        return this.text(this.bytes.readUInt8(this.at++));
      case 'v': {
        const signature = this.value('g') as string;
        return { signature, value: this.value(signature) } satisfies Variant;
      }
      case 'a':
        return this.array(type.slice(1));
      case '(':
      case '{':
        this.align(8);
        return this.values(type.slice(1, -1));
      default:
        throw new Error(`D-Bus type ${JSON.stringify(type)} cannot be read`);
    }
  }

  values(signature: string): unknown[] {
    return splitSignature(signature).map((type) => this.value(type));
  }
}
