import { appendFileSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from '../store/join.ts';
import type { Roots } from '../store/paths.ts';
import { readIfAny } from '../store/read.ts';
import { rfc3339 } from '../store/time.ts';
import { containerPaths } from './layout.ts';
import { type ContainerView, startOf } from './record.ts';
import { type Why, whyOf } from './why.ts';

/** A signal that one of our verbs sent to a container's program. */
export interface Sent {
  /** RFC 3339. */
  readonly at: string;
  readonly by: 'kill' | 'stop' | 'stop-all' | 'restart' | 'rm' | 'run';
  readonly signal: number;
  /** Whose command it was, by number, and what that was called from: a shell, cron, a service's manager. */
  readonly uid: number;
  readonly from?: string;
  /** It was given so long to end, and had not. */
  readonly graceMs?: number;
}

/** Lines of JSON beside its record: they are added to without a lock, and outlive the run directory. */
const SENT_FILE = 'sent.log';
/** Some hundred signals; what was before is of no interest. */
const MAX_BYTES = 64 << 10;

/** Written before the signal is sent: who looks why it ended finds it. A disk that is full keeps no signal back. */
export function noteSent(
  roots: Roots,
  id: string,
  { by, signal, graceMs }: Pick<Sent, 'by' | 'signal' | 'graceMs'>,
): void {
  const path = join(containerPaths(roots, id).data, SENT_FILE);
  const from = readIfAny(`/proc/${process.ppid}/comm`)?.trim();
  const uid = process.getuid?.() ?? 0;
  const sent: Sent = {
    at: rfc3339(),
    by,
    signal,
    uid,
    ...(from && { from }),
    ...(graceMs !== undefined && { graceMs }),
  };
  try {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) truncateSync(path);
    appendFileSync(path, `${JSON.stringify(sent)}\n`, { mode: 0o600 });
  } catch {
    // it says less then, and the signal is what was asked for
  }
}

/** What was sent since a time, oldest first. */
export function sentSince(roots: Roots, id: string, since: string): Sent[] {
  let text: string;
  try {
    text = readFileSync(join(containerPaths(roots, id).data, SENT_FILE), 'utf8');
  } catch {
    return [];
  }
  const from = Date.parse(since);
  return text.split('\n').flatMap((line) => {
    const sent = readLine(line);
    return sent && Date.parse(sent.at) >= from ? [sent] : [];
  });
}

/** One that was cut off is none. */
function readLine(line: string): Sent | undefined {
  try {
    const value = JSON.parse(line) as Partial<Sent>;
    return typeof value.signal === 'number' && typeof value.at === 'string' ? (value as Sent) : undefined;
  } catch {
    return undefined;
  }
}

/** Of a container that was looked at already. */
export const whyOfView = (roots: Roots, { record, status }: ContainerView): Why =>
  whyOf({ record, status, sent: sentSince(roots, record.id, record.exit?.started ?? startOf(record)) });
