import { writeSync } from 'node:fs';
import { ownerName } from '../../store/owner.ts';
import { columns, toJson, visible } from '../../store/text.ts';
import { usage } from '../args.ts';
import { type Container, openContainers } from '../container.ts';
import { type Described, describe } from '../describe.ts';
import type { Verb } from '../verb.ts';

const HEADER = ['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED', 'OWNER'];

const MIN_WIDTH = 12;

function row({ id, pid, status, bundle, created, owner }: Described): string[] {
  return [id, String(pid), status, bundle, created, owner];
}

/** As runc's `list` aligns them. */
function table(described: readonly Described[]): string {
  const rows = [HEADER, ...described.map(row)].map((cells) => cells.map(visible));
  return columns(rows, MIN_WIDTH)
    .map((line) => `${line}\n`)
    .join('');
}

function describeAll(containers: readonly Container[]): Described[] {
  const owners = new Map<number, string>();
  return containers.map((container) => {
    const uid = container.state.owner;
    if (!owners.has(uid)) owners.set(uid, ownerName(uid));
    return describe(container, owners.get(uid) ?? '');
  });
}

export const verb: Verb = {
  usage: '[command options]',
  flags: [
    { names: ['format', 'f'], kind: 'string', help: "select one of: table or json (default: 'table')" },
    { names: ['quiet', 'q'], kind: 'bool', help: 'display only container IDs' },
  ],
  arguments: [0, 0],
  run({ root, log, flags }) {
    const containers = openContainers(root, (error) => log.warn(error.message));
    if (flags.bool('quiet')) {
      writeSync(1, containers.map(({ state }) => `${state.id}\n`).join(''));
      return 0;
    }
    const format = flags.string('format') ?? 'table';
    const described = describeAll(containers);
    if (format === 'table') writeSync(1, table(described));
    // null for none: what Go makes of a nil slice, and so what runc's readers know.
    else if (format === 'json') writeSync(1, described.length === 0 ? 'null' : toJson(described));
    else throw usage('invalid format option');
    return 0;
  },
};
