import { createEngine } from '../../engine/engine.ts';
import type { ContainerView } from '../../engine/record.ts';
import { TinyrunError } from '../../errors.ts';
import { dict } from '../../store/dict.ts';
import type { Command, Context } from '../command.ts';
import { collect } from '../options.ts';
import { goTime, humanDuration } from '../output/table.ts';
import { formatRows } from '../output/table-rows.ts';

interface Flags {
  readonly all?: boolean;
  readonly quiet?: boolean;
  readonly latest?: boolean;
  readonly filter?: readonly string[];
  readonly trunc: boolean;
  readonly format?: string;
}

export const command: Command = {
  name: 'ps',
  summary: 'list containers',
  usage: '[options]',
  examples: [
    'tinyrun ps',
    'tinyrun ps -a',
    'tinyrun ps -aq',
    "tinyrun ps -a --format '{{.ID}} {{.Names}}'",
    'tinyrun ps --filter label=team=web',
  ],
  define(program, context) {
    program
      .option('-a, --all', 'those that have ended too')
      .option('-q, --quiet', 'ids only')
      .option('--no-trunc', 'whole ids and commands')
      .option('-l, --latest', 'the one made last, whatever its state')
      .option('-f, --filter <KEY=VALUE>', 'id, name, status, exited, ancestor, label', collect)
      .option('--format <FORMAT>', 'table, json, or a Go template')
      .action((flags: Flags) => list(flags, context));
  },
};

function list(flags: Flags, context: Context): void {
  // who asks for a state means those that have ended, too
  const filters = parseFilters(flags.filter ?? []);
  const all = flags.all || flags.latest || filters.has('status') || filters.has('exited');
  const views = createEngine(context)
    .list((error) => context.err(`tinyrun: ${error.message}\n`))
    .filter((view) => all || view.status === 'running' || view.status === 'paused')
    .filter((view) => [...filters.values()].every((tests) => tests.some((test) => test(view))))
    .slice(0, flags.latest ? 1 : undefined);
  const id = (view: ContainerView) => (flags.trunc ? view.record.id.slice(0, 12) : view.record.id);
  const rows = views.map((view) => rowOf(view, id(view), flags.trunc));
  const columns = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'];
  const ids = () => views.map((view) => `${id(view)}\n`).join('');
  context.out(flags.quiet ? ids() : formatRows({ rows, headers: HEADERS, columns, format: flags.format }));
}

/** Column heads, also of `system df -v`. */
export const HEADERS = {
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Command: 'COMMAND',
  CreatedAt: 'CREATED AT',
  RunningFor: 'CREATED',
  Status: 'STATUS',
  State: 'STATE',
  Ports: 'PORTS',
  Names: 'NAMES',
  Labels: 'LABELS',
};

/** What --filter may ask for; several of one key are alternatives, several keys must all hold. */
const FILTERS: Readonly<Record<string, (view: ContainerView, value: string) => boolean>> = dict({
  id: ({ record }, value) => record.id.startsWith(value),
  name: ({ record }, value) => record.name.includes(value),
  status: ({ status }, value) => status === value,
  exited: ({ record }, value) => String(record.exit?.code) === value,
  ancestor: ({ record }, value) => record.image === value || record.imageId.startsWith(`sha256:${value}`),
  label: ({ record: { labels } }, value) => {
    const [key = '', wanted] = value.split('=');
    return Object.hasOwn(labels, key) && (wanted === undefined || labels[key] === wanted);
  },
});

type Test = (view: ContainerView) => boolean;

function parseFilters(filters: readonly string[]): ReadonlyMap<string, readonly Test[]> {
  const byKey = new Map<string, readonly Test[]>();
  for (const filter of filters) {
    const at = filter.indexOf('=');
    const [key, value] = [filter.slice(0, at), filter.slice(at + 1)];
    const test = FILTERS[key];
    if (!test)
      throw new TinyrunError(at < 1 ? 'FLAG' : 'USAGE', `--filter ${JSON.stringify(filter)}: not KEY=VALUE`, {
        hint: `the keys are ${Object.keys(FILTERS).join(', ')}`,
      });
    byKey.set(key, [...(byKey.get(key) ?? []), (view) => test(view, value)]);
  }
  return byKey;
}

/** Docker's names, since scripts read them. */
export function rowOf(view: ContainerView, id: string, truncate: boolean) {
  const { record, status } = view;
  const command = record.args.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg)).join(' ');
  return {
    Command: JSON.stringify(truncate && command.length > 20 ? `${command.slice(0, 19)}…` : command),
    CreatedAt: goTime(record.created),
    ID: id,
    Image: record.image,
    Labels: Object.entries(record.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Names: record.name,
    Ports: '',
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
