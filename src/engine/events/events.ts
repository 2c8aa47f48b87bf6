import type { EngineEvent } from '../../store/event-types.ts';
import { eventsPath } from '../../store/events.ts';
import { ensureDir, type Roots } from '../../store/paths.ts';
import { rfc3339 } from '../../store/time.ts';
import { ConfigError } from '../config/error.ts';
import { newsOf } from '../news.ts';
import { EventFiles } from './files.ts';
import { eventFilter } from './filter.ts';

export type { EngineEvent } from '../../store/event-types.ts';

export interface EventOptions {
  /** RFC 3339, UTC: from then on, as far as it is kept. Without both, what happens from now on. */
  readonly since?: string | undefined;
  /** To then; a time to come is waited for. Without, until `signal`. */
  readonly until?: string | undefined;
  /** `type=container`, `event=die`, `container=web`, `label=KEY=VALUE` … */
  readonly filters?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An event, and when, to the nanosecond: RFC 3339, UTC. */
export interface Occurrence {
  readonly event: EngineEvent;
  readonly at: string;
}

/** The longest that a timer of Node's can wait. */
const MOST_MS = 2 ** 31 - 1;

/**
 * What has happened, and what happens, in the order in which it was told.
 * @throws TinyrunError for a filter that cannot be, ConfigError
 */
export async function* eventsOf(roots: Roots, options: EventOptions = {}): AsyncGenerator<Occurrence> {
  const { since, until, filters = [], signal } = options;
  const isWanted = eventFilter(filters);
  const [from, to] = [nanoOf(since), nanoOf(until)];
  if (from !== undefined && to !== undefined && from > to)
    throw new ConfigError('since', 'cannot be after the end', {
      hint: 'nothing is between it and {until}',
    });
  const within = ({ at }: Occurrence) => (from === undefined || at >= from) && (to === undefined || at <= to);
  const news = newsOf(ensureDir(roots.runRoot));
  const files = new EventFiles(eventsPath(roots));
  const stop = endOf(until, signal, news.tell);
  try {
    if (since === undefined && until === undefined) files.skip();
    while (!signal?.aborted) {
      // what is told by then is read once more
      const isOver = stop.isOver();
      for (const line of files.next()) {
        const occurrence = occurrenceOf(line);
        if (occurrence && within(occurrence) && isWanted(occurrence.event)) yield occurrence;
      }
      if (isOver) return;
      await news.wait();
    }
  } finally {
    stop.clear();
    files.close();
    news.close();
  }
}

/** Digits of seconds as far as nanoseconds: times compare as texts then. */
function nanoOf(time: string | undefined): string | undefined {
  if (time === undefined) return undefined;
  const [, seconds, fraction = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(time) ?? [];
  return seconds === undefined
    ? rfc3339(Date.parse(time)).replace('Z', '000000Z')
    : `${seconds}.${fraction.padEnd(9, '0')}Z`;
}

function endOf(until: string | undefined, signal: AbortSignal | undefined, tell: () => void) {
  const end = until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until);
  const isOver = () => Date.now() >= end;
  let timer: NodeJS.Timeout | undefined;
  const wait = () => {
    timer = setTimeout(
      () => (isOver() ? tell() : wait()),
      Math.min(MOST_MS, Math.max(1, end - Date.now() + 1)),
    );
  };
  if (until !== undefined && !isOver()) wait();
  signal?.addEventListener('abort', tell);
  const clear = () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', tell);
  };
  return { isOver, clear };
}

/** A line that has been cut off, where there was no room, has the next one behind it. */
function occurrenceOf(line: string): Occurrence | undefined {
  const start = Math.max(line.lastIndexOf('{"status":'), line.lastIndexOf('{"Type":'), 0);
  const [, nano = ''] = /"timeNano":(\d{10,19})\}$/.exec(line) ?? [];
  if (nano === '') return undefined;
  try {
    const event = JSON.parse(line.slice(start)) as EngineEvent;
    const { ID, Attributes } = event.Actor;
    const sorted = Object.entries(Attributes).sort(([a], [b]) => (a < b ? -1 : 1));
    const seconds = rfc3339(Number(nano.slice(0, -9)) * 1000).slice(0, 19);
    return {
      event: { ...event, Actor: { ID, Attributes: Object.fromEntries(sorted) } },
      at: `${seconds}.${nano.slice(-9)}Z`,
    };
  } catch {
    return undefined;
  }
}
