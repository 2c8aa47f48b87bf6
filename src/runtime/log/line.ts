/** A line that a container wrote, or a piece of one that was longer than 16 KiB. */
export interface LogLine {
  readonly stream: 'stdout' | 'stderr';
  /** RFC 3339, UTC, nanoseconds. */
  readonly time: string;
  /** With its line feed, where it had one. */
  readonly text: string;
}

const HEAD = '{"log":"';
const TAIL = /^","stream":"(stdout|stderr)","time":"([^"\\]+)"\}$/;
/** Of either stream, with a time of nanoseconds. */
const TAIL_SIZE = '","stream":"stdout","time":"2026-11-27T12:00:00.123456789Z"}'.length;

/**
 * A line of Docker's json-file; undefined for what is none, as where the host went down in the middle of one. Most lines
 * have nothing in them that JSON spells otherwise: those are only cut.
 */
export function decodeLine(json: string): LogLine | undefined {
  const at = json.length - TAIL_SIZE;
  if (json.startsWith(HEAD) && at >= HEAD.length) {
    const [, stream, time = ''] = TAIL.exec(json.slice(at)) ?? [];
    const text = json.slice(HEAD.length, at);
    const plain = text.endsWith('\\n') ? text.slice(0, -2) : text;
    if (stream && !plain.includes('\\') && !plain.includes('"'))
      return { stream: stream as LogLine['stream'], time, text: plain === text ? text : `${plain}\n` };
  }
  return parse(json);
}

/** Those of whole lines. */
export const decodeLines = (bytes: Buffer): LogLine[] =>
  bytes
    .toString('utf8', 0, bytes.length - 1)
    .split('\n')
    .flatMap((line) => decodeLine(line) ?? []);

function parse(json: string): LogLine | undefined {
  let value: { log?: unknown; stream?: unknown; time?: unknown } | null;
  try {
    value = JSON.parse(json) as typeof value;
  } catch {
    return undefined;
  }
  const { log, stream, time } = value ?? {};
  if (typeof log !== 'string' || typeof time !== 'string') return undefined;
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  return { stream, time: nanoseconds(time), text: log };
}

/** Docker drops zeros at the end of a fraction: all of one size can be compared as texts. */
export function nanoseconds(time: string): string {
  const [, seconds, fraction = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(time) ?? [];
  return seconds === undefined ? time : `${seconds}.${fraction.padEnd(9, '0')}Z`;
}
