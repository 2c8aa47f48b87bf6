import { TinyrunError } from '../../../errors.ts';
import { durationOf } from '../../../store/words.ts';

/**
 * --since and --until as Docker reads them: a duration before now, a date or time (of this host's zone where it names
 * none), seconds since 1970. Answers RFC 3339, UTC, with nanoseconds. @throws TinyrunError
 */
export function parseTime(text: string, flag: string, now: number = Date.now()): string {
  const ago = durationOf(text);
  if (ago !== undefined) return rfc3339Nano(BigInt(Math.round((now - ago) * 1000)) * 1000n);
  const [, seconds, fraction = ''] = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (seconds !== undefined)
    return rfc3339Nano(BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0')));
  const time = dateOf(text);
  if (time !== undefined) return time;
  throw new TinyrunError('USAGE', `${flag} ${JSON.stringify(text)}: not a time`, {
    hint: 'give how long ago (10m, 1h30m), a time (2026-11-27T12:00:00) or seconds since 1970',
  });
}

const DATE = /^(\d{4}-\d\d-\d\d)(?:T(\d\d(?::\d\d(?::\d\d)?)?)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?$/;

function dateOf(text: string): string | undefined {
  const [, date, clock, fraction = '', zone = ''] = DATE.exec(text) ?? [];
  if (date === undefined) return undefined;
  const time = `${clock ?? '00'}:00:00`.slice(0, 8);
  // without a zone a time is read as the host's own: a date alone is not, by ECMAScript
  const milliseconds = Date.parse(`${date}T${time}${zone}`);
  if (Number.isNaN(milliseconds)) return undefined;
  return rfc3339Nano(BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0')));
}

function rfc3339Nano(nanoseconds: bigint): string {
  const seconds = nanoseconds / 1_000_000_000n;
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${text}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}Z`;
}
