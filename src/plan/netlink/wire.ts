import type { StepArgs } from '../steps.gen.ts';

// netlink(7) as bytes: nlmsghdr, a fixed body, attributes; everything padded to four bytes, in the byte order of the machine,
// which is little endian on all that we run on.

export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
/** Of what asks for a list; the same bits mean other things in what changes something. */
export const NLM_F_DUMP = 0x300;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
const NLA_F_NESTED = 0x8000;

/** Bytes of nlmsghdr. */
export const HEAD = 16;

export const padded = (size: number): number => (size + 3) & ~3;

/** Four bytes that are known when the step runs: the index of its device, the clone's pid. */
export type Blank = 'device' | 'pid';
/** What messages and attributes are made of. Each is filled up with zeros to four bytes. */
export type Piece = Uint8Array | Blank | Attribute;

/** struct nlattr and its value. */
export interface Attribute {
  readonly type: number;
  readonly value: readonly Piece[];
}

export interface Message {
  readonly type: number;
  /** NLM_F_*, without REQUEST, which all have. */
  readonly flags?: number;
  /** Without NLM_F_ACK: the first and the last of a batch of nf_tables, which are never answered, and what asks for a list. */
  readonly silent?: true;
  /** The fixed body in pieces, and the attributes. */
  readonly content: readonly Piece[];
}

export function attribute(type: number, ...value: Piece[]): Attribute {
  return { type, value };
}

/** An attribute of attributes. */
export function nest(type: number, ...value: Piece[]): Attribute {
  return { type: type | NLA_F_NESTED, value };
}

/** With the NUL that the kernel expects. */
export function text(type: number, value: string): Attribute {
  return attribute(type, Buffer.from(`${value}\0`, 'utf8'));
}

export function u8(type: number, value: number): Attribute {
  return attribute(type, Uint8Array.of(value));
}

export function u16(type: number, value: number): Attribute {
  return attribute(type, Uint8Array.of(value & 255, value >> 8));
}

export function u32(type: number, value: number): Attribute {
  return attribute(type, word(value));
}

/** A number as the machine has it. */
export function word(value: number): Uint8Array {
  return Uint8Array.of(value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24);
}

/** Bytes of a piece. The length in an attribute leaves out what fills up the bytes that it ends with, not a whole attribute. */
function sizeOf(piece: Piece): number {
  if (typeof piece === 'string') return 4;
  if (piece instanceof Uint8Array) return piece.length;
  const last = piece.value.at(-1);
  const size = sizeOfAll(piece.value) + 4;
  return last instanceof Uint8Array ? size - padded(last.length) + last.length : size;
}

const sizeOfAll = (pieces: readonly Piece[]): number =>
  pieces.reduce((size, piece) => size + padded(sizeOf(piece)), 0);

type Datagram = Pick<StepArgs['netlink'], 'request' | 'deviceAt' | 'pidAt'>;

class Encoder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #blanks: Record<Blank, number[]> = { device: [], pid: [] };
  #at = 0;

  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  message({ type, flags = 0, silent, content }: Message, sequence: number): void {
    const at = this.#at;
    this.#view.setUint16(at + 4, type, true);
    this.#view.setUint16(at + 6, flags | NLM_F_REQUEST | (silent ? 0 : NLM_F_ACK), true);
    this.#view.setUint32(at + 8, sequence, true);
    this.#at += HEAD;
    for (const piece of content) this.#piece(piece);
    this.#view.setUint32(at, this.#at - at, true);
  }

  #piece(piece: Piece): void {
    if (typeof piece === 'string') this.#blanks[piece].push(this.#at);
    else if (piece instanceof Uint8Array) this.#bytes.set(piece, this.#at);
    else {
      this.#attribute(piece);
      return;
    }
    this.#at += padded(sizeOf(piece));
  }

  #attribute(attribute: Attribute): void {
    this.#view.setUint16(this.#at, sizeOf(attribute), true);
    this.#view.setUint16(this.#at + 2, attribute.type, true);
    this.#at += 4;
    for (const piece of attribute.value) this.#piece(piece);
  }

  finish(): Datagram {
    return { request: this.#bytes, deviceAt: this.#blanks.device, pidAt: this.#blanks.pid };
  }
}

/** One datagram, and where the index of the device and the pid of the clone are missing in it. */
export function datagram(messages: readonly Message[]): Datagram {
  const size = messages.reduce((sum, { content }) => sum + HEAD + sizeOfAll(content), 0);
  const encoder = new Encoder(size);
  for (const [index, message] of messages.entries()) encoder.message(message, index + 1);
  return encoder.finish();
}

/** Attributes behind one another, with their types; what is cut off is left out. */
export function attributeList(bytes: Uint8Array): [number, Uint8Array][] {
  const found: [number, Uint8Array][] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 4 <= bytes.length; ) {
    const size = view.getUint16(at, true);
    if (size < 4 || size > bytes.length - at) break;
    found.push([view.getUint16(at + 2, true) & ~NLA_F_NESTED, bytes.subarray(at + 4, at + size)]);
    at += padded(size);
  }
  return found;
}

/** The same where there is one of each type. */
export const attributesOf = (bytes: Uint8Array): Map<number, Uint8Array> => new Map(attributeList(bytes));
