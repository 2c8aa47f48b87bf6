import type { Command, Context } from '../command.ts';
import { parseTime } from '../flags/parse/time.ts';
import { writeAll } from '../output/write.ts';

interface Flags {
  readonly follow?: boolean;
  readonly tail: string;
  readonly since?: string;
  readonly until?: string;
  readonly timestamps?: boolean;
  readonly details?: boolean;
}

export const command: Command = {
  usage: '[options] CONTAINER',
  examples: ['tinyrun logs web', 'tinyrun logs -f --tail 10 web', 'tinyrun logs --since 10m -t web'],
  define(program, context) {
    program
      .argument('<container>')
      .option('-f, --follow', 'go on with what is written from now on')
      .option('-n, --tail <N>', 'the last N lines; all: every one', 'all')
      .option('--since <TIME>', 'from then on: how long ago (10m), a time, or seconds since 1970')
      .option('--until <TIME>', 'before then')
      .option('-t, --timestamps', 'the time in front of each line')
      .option('--details', 'what --log-opt adds to each line: nothing so far')
      .action((container: string, flags: Flags) => show(container, flags, context));
  },
};

async function show(container: string, flags: Flags, context: Context): Promise<void> {
  const { follow, since, until, timestamps, details } = flags;
  const { logText } = await import('../../engine/logs.ts');
  const pieces = logText(context, container, {
    tail: tailOf(flags.tail),
    since: since === undefined ? undefined : parseTime(since, '--since'),
    until: until === undefined ? undefined : parseTime(until, '--until'),
    follow,
    timestamps,
    details,
  });
  // a container's output is not touched, and goes where it went, until nobody reads on
  for await (const { fd, bytes } of pieces) if (!writeAll(fd, bytes)) return;
}

/** As Docker: what is no number, or is below zero, is all. */
const tailOf = (text: string): number => (/^\d+$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY);
