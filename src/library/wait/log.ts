import { type LogLine, logsOf } from '../../engine/logs.ts';
import { startOf } from '../../engine/record.ts';
import { nanoseconds } from '../../runtime/log/line.ts';
import type { Waiting } from './conditions.ts';
import type { LogMatch, WaitForLog } from './types.ts';

/** Of a line without an end: what is behind is looked at alone then. */
const LONGEST = 1 << 20;

/** The first line since its start that is meant; undefined: it has ended without. */
export async function lineOf(
  { log, stream }: WaitForLog,
  { roots, view, signal, see }: Waiting,
): Promise<LogMatch | undefined> {
  const matches = matcherOf(log);
  const rests = { stdout: '', stderr: '' };
  const { record } = view;
  const options = { follow: true, since: nanoseconds(startOf(record)), signal };
  for await (const lines of logsOf(roots, record.id, options)) {
    for (const line of lines) {
      if (stream !== undefined && line.stream !== stream) continue;
      const text = rests[line.stream] + line.text;
      const isWhole = text.endsWith('\n');
      const match = matches(isWhole ? text.slice(0, -1) : text);
      see(line.text.replace(/\n$/, ''));
      if (match) return { line: whole(line, text), match };
      rests[line.stream] = isWhole || text.length > LONGEST ? '' : text;
    }
  }
  return undefined;
}

const whole = (line: LogLine, text: string): LogLine => (text === line.text ? line : { ...line, text });

/** A pattern keeps no place between two lines, whatever its flags say. */
export function matcherOf(log: string | RegExp): (text: string) => readonly string[] | undefined {
  if (typeof log === 'string') return (text) => (text.includes(log) ? [log] : undefined);
  const pattern = new RegExp(log.source, log.flags.replace(/[gy]/g, ''));
  return (text) => {
    const match = pattern.exec(text);
    // a group that has no part in it is none
    return match ? [...match].map((part) => part ?? '') : undefined;
  };
}
