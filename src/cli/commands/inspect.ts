import { createEngine } from '../../engine/engine.ts';
import type { ContainerView } from '../../engine/record.ts';
import { TinyrunError } from '../../errors.ts';
import { signalName } from '../../spec/linux.ts';
import type { Command, Context } from '../command.ts';
import { formatFailure, toFailure } from '../fail.ts';
import { oneOf } from '../options.ts';

interface Flags {
  readonly format?: string;
  readonly type?: string;
}

export const command: Command = {
  name: 'inspect',
  summary: 'show all that is known of containers and images, as JSON',
  usage: '[options] NAME|ID [NAME|ID...]',
  examples: [
    'tinyrun inspect web',
    "tinyrun inspect -f '{{.State.ExitCode}}' web",
    'tinyrun inspect busybox',
  ],
  define(program, context) {
    program
      .argument('<name...>')
      .option('-f, --format <FORMAT>', 'json, or a Go template')
      .option('--type <KIND>', 'container or image', oneOf('container', 'image'))
      .action((names: string[], flags: Flags) => inspect(names, flags, context));
  },
};

/** What was found is printed, as a list; what was not makes the exit code 1. */
async function inspect(names: readonly string[], flags: Flags, context: Context): Promise<void> {
  const { inspectPrinter } = await import('./image-inspect.ts');
  const print = await inspectPrinter(flags.format);
  const found: object[] = [];
  for (const name of names) {
    try {
      found.push(await describe(name, flags.type, context));
    } catch (error) {
      context.err(formatFailure(toFailure(error), context.command));
      context.exitCode = 1;
    }
  }
  context.out(print(found));
}

/** A container where there is one of that name, else an image. */
async function describe(name: string, type: string | undefined, context: Context): Promise<object> {
  try {
    if (type !== 'image') return describeContainer(createEngine(context).find(name));
  } catch (error) {
    const missing = error instanceof TinyrunError && error.code === 'CONTAINER_NOT_FOUND';
    if (!missing || type === 'container') throw error;
  }
  const { ImageStore } = await import('../../image/store.ts');
  const { describeImage } = await import('./image-inspect.ts');
  try {
    return describeImage(new ImageStore(context.dataRoot), name);
  } catch (error) {
    // what is no image name may still have been meant as a container's
    if (type === 'image' || !(error instanceof TinyrunError)) throw error;
    throw new TinyrunError('CONTAINER_NOT_FOUND', `no such object: ${name}`, {
      hint: 'tinyrun ps -a lists the containers, tinyrun images the images',
    });
  }
}

/** Docker's names for what we have of it. */
function describeContainer({ record, status, state }: ContainerView) {
  const { exit } = record;
  const [path, ...args] = record.argv;
  return {
    Id: record.id,
    Created: record.created,
    Path: path,
    Args: args,
    State: {
      Status: status,
      Running: status === 'running' || status === 'paused',
      Paused: status === 'paused',
      Dead: status === 'dead',
      OOMKilled: exit?.oomKilled ?? false,
      Pid: exit ? 0 : (state?.pid ?? 0),
      ExitCode: exit?.code ?? 0,
      Error: exit?.note ?? '',
      FinishedAt: exit?.finished ?? '0001-01-01T00:00:00Z',
    },
    Image: record.image.id,
    Name: `/${record.name}`,
    HostConfig: { AutoRemove: record.config.autoRemove === true },
    Config: {
      Hostname: record.hostname,
      Tty: record.config.tty === true,
      Image: record.config.image,
      Labels: record.labels,
      StopSignal: signalName(record.stopSignal),
    },
  };
}
