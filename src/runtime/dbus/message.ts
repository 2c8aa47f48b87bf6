import { Reader, type Variant, Writer } from './wire.ts';

/** dbus-specification, "Message Types". */
export const METHOD_CALL = 1;
export const METHOD_RETURN = 2;
export const ERROR = 3;
export const SIGNAL = 4;

/** dbus-specification, "Header Fields": code and type of each. */
const FIELDS = {
  path: [1, 'o'],
  interface: [2, 's'],
  member: [3, 's'],
  errorName: [4, 's'],
  replySerial: [5, 'u'],
  destination: [6, 's'],
  sender: [7, 's'],
  signature: [8, 'g'],
} as const;

type FieldName = keyof typeof FIELDS;

export interface Message {
  readonly type: number;
  readonly serial: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  readonly replySerial?: number;
  readonly destination?: string;
  readonly sender?: string;
  readonly signature?: string;
  readonly body: readonly unknown[];
}

const VERSION = 1;
const LITTLE_ENDIAN = 'l'.charCodeAt(0);
/** type, flags, version, body length, serial, length of the fields. */
const FIXED_HEADER = 16;
/** dbus-specification: a message is at most 128 MiB; systemd's are a few kB. */
const LONGEST = 1024 * 1024;

export function encodeMessage(message: Message): Buffer {
  const body = new Writer();
  body.values(message.signature ?? '', message.body);
  const fields = (Object.keys(FIELDS) as FieldName[])
    .filter((name) => message[name] !== undefined)
    .map((name) => {
      const [code, signature] = FIELDS[name];
      return [code, { signature, value: message[name] } satisfies Variant];
    });
  const writer = new Writer();
  for (const byte of [LITTLE_ENDIAN, message.type, 0, VERSION]) writer.byte(byte);
  writer.u32(body.length);
  writer.u32(message.serial);
  writer.value('a(yv)', fields);
  writer.align(8);
  return Buffer.concat([writer.done(), body.done()]);
}

/** The first message in `bytes` and its size, undefined while it is not complete. */
export function decodeMessage(bytes: Buffer): { message: Message; size: number } | undefined {
  if (bytes.length < FIXED_HEADER) return undefined;
  if (bytes[0] !== LITTLE_ENDIAN) throw new Error('the D-Bus peer is not little endian');
  const bodyLength = bytes.readUInt32LE(4);
  const fieldsLength = bytes.readUInt32LE(12);
  const bodyAt = Math.ceil((FIXED_HEADER + fieldsLength) / 8) * 8;
  const size = bodyAt + bodyLength;
  if (size > LONGEST) throw new Error(`the D-Bus peer sends ${size} bytes`);
  if (bytes.length < size) return undefined;
  const header = readFields(bytes.subarray(0, bodyAt));
  const body = new Reader(bytes.subarray(bodyAt, size)).values(header.signature ?? '');
  return { message: { type: bytes[1] ?? 0, serial: bytes.readUInt32LE(8), ...header, body }, size };
}

type Fields = Omit<Message, 'type' | 'serial' | 'body'>;

function readFields(bytes: Buffer): Fields {
  const pairs = new Reader(bytes, 12).value('a(yv)') as [number, Variant][];
  const known = pairs.flatMap(([code, variant]) => {
    const name = (Object.keys(FIELDS) as FieldName[]).find((field) => FIELDS[field][0] === code);
    return name === undefined ? [] : [[name, variant.value] as const];
  });
  return Object.fromEntries(known) as Fields;
}
