import { writeSync } from 'node:fs';
import { pidColumn, psOutput } from '../../runtime/ps.ts';
import { membersOf } from '../../runtime/whereabouts.ts';
import { visible } from '../../store/text.ts';
import { usage } from '../args.ts';
import { type Container, loadContainer } from '../container.ts';
import type { Verb } from '../verb.ts';

const pidsOf = (container: Container): number[] => membersOf(container).sort((a, b) => a - b);

/** The lines of ps(1) that belong to the container, found by the PID column as runc does. */
export function filterPs(output: string, pids: ReadonlySet<number>): string {
  const [header = '', ...lines] = output.split('\n');
  const column = pidColumn(header.trim().split(/\s+/), "couldn't find PID field in ps output");
  const ours = lines.filter((line) => pids.has(Number(line.trim().split(/\s+/)[column])));
  return [header, ...ours].map((line) => `${line}\n`).join('');
}

async function psTable(pids: readonly number[], options: readonly string[]): Promise<string> {
  return filterPs(await psOutput(options.length === 0 ? ['-ef'] : options), new Set(pids));
}

export const verb: Verb = {
  usage: '[command options] <container-id> [ps options]',
  flags: [
    { names: ['format', 'f'], kind: 'string', help: "select one of: table or json (default: 'table')" },
  ],
  stopAtArgument: true,
  arguments: [1, Number.POSITIVE_INFINITY],
  async run({ root, flags }) {
    const [id = '', ...options] = flags.args;
    const format = flags.string('format') ?? 'table';
    const pids = pidsOf(loadContainer(root, id));
    if (format === 'json') writeSync(1, `${JSON.stringify(pids)}\n`);
    else if (format === 'table') writeSync(1, visible(await psTable(pids, options)));
    else throw usage('invalid format option');
    return 0;
  },
};
