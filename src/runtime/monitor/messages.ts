import { TinyrunError } from '../../errors.ts';
import { Reader } from '../../plan/decode.ts';
import { WRITE, Writer } from '../../plan/encode.ts';
import type { FieldKind } from '../../plan/steps.gen.ts';
import { MESSAGES, type Messages } from './messages.gen.ts';

// What a monitor is told and tells, in Docker's frames (native/monitor.def). native/init/message.cc is its other half.

export type MessageName = keyof Messages;
/** A message that was read: its name and its fields. */
export type Message = { [N in MessageName]: { readonly name: N } & Readonly<Messages[N]> }[MessageName];

export const HEADER = 8;

type Fields = readonly (readonly [string, FieldKind | 'raw'])[];

/** @throws RangeError for what its field cannot hold */
export function encodeMessage<N extends MessageName>(name: N, message: Messages[N]): Uint8Array {
  const out = new Writer();
  out.skipHeader();
  const { kind, fields }: { kind: number; fields: Fields } = MESSAGES[name];
  for (const [field, type] of fields) {
    const value = (message as Record<string, unknown>)[field];
    if (type === 'raw') out.raw(value as Uint8Array);
    else WRITE[type](out, value as never);
  }
  return out.frame(kind);
}

const BY_KIND = new Map<number, MessageName>(
  Object.entries(MESSAGES).map(([name, { kind }]) => [kind, name as MessageName]),
);

/** One whole frame. @throws TinyrunError (PLAN_DAMAGED) naming what is wrong with it */
export function decodeMessage(bytes: Uint8Array): Message {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = data.length < HEADER ? undefined : BY_KIND.get(data.readUInt8(0));
  if (name === undefined || data.readUIntBE(1, 3) !== 0) return refuse('no message of a monitor');
  if (data.readUInt32BE(4) !== data.length - HEADER)
    refuse(`message ${name}: size in the header is not the size of the frame`);
  const reader = new Reader(data, HEADER, data.length, (fault) => refuse(`message ${name}: ${fault}`));
  const { fields }: { fields: Fields } = MESSAGES[name];
  const values = Object.fromEntries(fields.map(([field, type]) => [field, reader.field(type)]));
  reader.finish();
  return { name, ...values } as Message;
}

function refuse(fault: string): never {
  throw new TinyrunError('PLAN_DAMAGED', fault);
}
