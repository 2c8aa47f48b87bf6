import { type EngineEvent, eventsOf, type Occurrence } from '../../engine/events/events.ts';
import { toJson } from '../../store/text.ts';
import { rfc3339 } from '../../store/time.ts';
import { eventLine, eventMembers } from '../../views/events.ts';
import type { Command, Context } from '../command.ts';
import { parseTime } from '../flags/parse/time.ts';
import { inFlags } from '../flags/word.ts';
import { collect } from '../options.ts';
import { compileTemplate } from '../output/template.ts';
import { Row } from '../output/template-values.ts';

interface Flags {
  readonly filter?: readonly string[];
  readonly format?: string;
  readonly since?: string;
  readonly until?: string;
}

export const command: Command = {
  usage: '[options]',
  examples: [
    'tinyrun events',
    'tinyrun events --since 10m --until 0s',
    "tinyrun events --filter event=die --format '{{.Actor.Attributes.name}}'",
  ],
  define(program, context) {
    program
      .option(
        '-f, --filter <KEY=VALUE>',
        'type, event, container, image, label, network, volume, scope',
        collect,
      )
      .option('--format <FORMAT>', 'json, or a Go template')
      .option('--since <TIME>', 'from then on: how long ago (10m), a time, or seconds since 1970')
      .option('--until <TIME>', 'to then')
      .action((flags: Flags) => show(flags, context));
  },
};

async function show({ filter, format, since, until }: Flags, context: Context): Promise<void> {
  const print = printer(format);
  const events = eventsOf(context, {
    filters: filter,
    since: since === undefined ? (until === undefined ? called() : undefined) : parseTime(since, '--since'),
    until: until === undefined ? undefined : parseTime(until, '--until'),
  });
  try {
    for await (const occurrence of events) context.out(`${print(occurrence)}\n`);
  } catch (error) {
    throw inFlags(error, { since: '--since %q', until: '--until %q' }, { since, until }, {});
  }
}

/**
 * When this command was called: who calls it, then runs a container, is to see that start, however much longer our own start
 * takes (@devcontainers/cli waits for it).
 */
const called = (): string => rfc3339(Date.now() - process.uptime() * 1000);

function printer(format: string | undefined): (occurrence: Occurrence) => string {
  if (!format) return eventLine;
  if (format === 'json') return ({ event }) => toJson(event);
  const template = compileTemplate(format);
  return ({ event }) => template(rowOf(event));
}

/** By its members, and as JSON what was told. */
function rowOf(event: EngineEvent): Row {
  const row = new Row(eventMembers(event));
  return Object.defineProperty(row, 'toJSON', { value: () => event });
}
