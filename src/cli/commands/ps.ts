import { createEngine } from '../../engine/engine.ts';
import type { ContainerView } from '../../engine/record.ts';
import { TinyrunError } from '../../errors.ts';
import type { Command, Context } from '../command.ts';
import { humanDuration, table } from '../output/table.ts';

interface Flags {
  readonly all?: boolean;
  readonly quiet?: boolean;
  readonly trunc: boolean;
  readonly format?: string;
}

export const command: Command = {
  name: 'ps',
  summary: 'list containers',
  usage: '[options]',
  examples: ['tinyrun ps', 'tinyrun ps -a', 'tinyrun ps -aq', 'tinyrun ps -a --format json'],
  define(program, context) {
    program
      .option('-a, --all', 'those that have ended too')
      .option('-q, --quiet', 'ids only')
      .option('--no-trunc', 'whole ids and commands')
      .option('--format <FORMAT>', 'table or json (one object a line)')
      .action((flags: Flags) => list(flags, context));
  },
};

function list(flags: Flags, context: Context): void {
  const views = createEngine(context)
    .list((error) => context.err(`tinyrun: ${error.message}\n`))
    .filter((view) => flags.all || view.status === 'running' || view.status === 'paused');
  const id = (view: ContainerView) => (flags.trunc ? view.record.id.slice(0, 12) : view.record.id);
  const rows = views.map((view) => rowOf(view, id(view), flags.trunc));
  if (flags.quiet) context.out(views.map((view) => `${id(view)}\n`).join(''));
  else if (flags.format === 'json') context.out(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  else if (flags.format === undefined || flags.format === 'table') context.out(asTable(rows));
  else throw new TinyrunError('USAGE', `--format ${JSON.stringify(flags.format)}: neither table nor json`);
}

function asTable(rows: readonly ReturnType<typeof rowOf>[]): string {
  const header = ['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'PORTS', 'NAMES'];
  const cells = rows.map((row) => [
    row.ID,
    row.Image,
    row.Command,
    row.RunningFor,
    row.Status,
    '',
    row.Names,
  ]);
  return table([header, ...cells]);
}

/** Docker's names, since scripts read them. */
function rowOf(view: ContainerView, id: string, truncate: boolean) {
  const { record, status } = view;
  const command = record.args.join(' ');
  return {
    Command: JSON.stringify(truncate && command.length > 20 ? `${command.slice(0, 19)}…` : command),
    CreatedAt: record.created,
    ID: id,
    Image: record.image,
    Labels: Object.entries(record.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Names: record.name,
    RunningFor: `${humanDuration(Date.now() - Date.parse(record.created))} ago`,
    State: status,
    Status: statusText(view),
  };
}

function statusText({ record, status }: ContainerView): string {
  const { exit } = record;
  if (exit) return `Exited (${exit.code}) ${humanDuration(Date.now() - Date.parse(exit.finished))} ago`;
  if (status === 'created') return 'Created';
  if (status === 'exited') return 'Exited';
  const up = `Up ${humanDuration(Date.now() - Date.parse(record.created))}`;
  return status === 'paused' ? `${up} (Paused)` : up;
}
