import { createEngine } from '../../engine/engine.ts';
import type { ContainerView } from '../../engine/record.ts';
import type { Command, Context } from '../command.ts';
import { formatFailure, toFailure } from '../fail.ts';

export const command: Command = {
  name: 'inspect',
  summary: 'show all that is known of containers, as JSON',
  usage: 'CONTAINER [CONTAINER...]',
  examples: ['tinyrun inspect web', 'tinyrun inspect web | jq .[0].State'],
  define(program, context) {
    program.argument('<container...>').action((containers: string[]) => inspect(containers, context));
  },
};

/** What was found is printed, as a list; what was not makes the exit code 1. */
function inspect(containers: readonly string[], context: Context): void {
  const engine = createEngine(context);
  const found = containers.flatMap((name) => {
    try {
      return [describe(engine.find(name))];
    } catch (error) {
      context.err(formatFailure(toFailure(error)));
      context.exitCode = 1;
      return [];
    }
  });
  context.out(`${JSON.stringify(found, null, 4)}\n`);
}

/** Docker's names for what we have of it. */
function describe({ record, status, state }: ContainerView) {
  const { exit } = record;
  const [path, ...args] = record.args;
  return {
    Id: record.id,
    Created: record.created,
    Path: path,
    Args: args,
    State: {
      Status: status,
      Running: status === 'running' || status === 'paused',
      Paused: status === 'paused',
      OOMKilled: exit?.oomKilled ?? false,
      Pid: exit ? 0 : (state?.pid ?? 0),
      ExitCode: exit?.code ?? 0,
      Error: exit?.note ?? '',
      FinishedAt: exit?.finished ?? '0001-01-01T00:00:00Z',
    },
    Image: record.imageId,
    Name: `/${record.name}`,
    HostConfig: { AutoRemove: record.rm },
    Config: {
      Hostname: record.hostname,
      Tty: record.tty,
      Image: record.image,
      Labels: record.labels,
      StopSignal: record.stopSignal,
    },
  };
}
