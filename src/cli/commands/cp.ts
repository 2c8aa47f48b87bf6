import { isatty } from 'node:tty';
import { hostPath, readOperand } from '../../engine/files/rules.ts';
import { TinyrunError } from '../../errors.ts';
import { humanSize } from '../../views/units.ts';
import type { Command, Context } from '../command.ts';
import { openInput } from '../input.ts';
import { writeOutput } from '../output/file.ts';

interface Flags {
  readonly archive?: boolean;
  readonly followLink?: boolean;
  readonly quiet?: boolean;
}

export const command: Command = {
  usage:
    '[options] CONTAINER:SRC_PATH DEST_PATH|-\n       tinyrun cp [options] SRC_PATH|- CONTAINER:DEST_PATH',
  examples: [
    'tinyrun cp web:/etc/hosts .',
    'tinyrun cp site/. web:/www',
    'tinyrun cp web:/var/log - | tar -t',
    'tar -c site | tinyrun cp - web:/srv',
  ],
  define(program, context) {
    program
      .argument('<source>')
      .argument('<target>')
      .option('-a, --archive', 'out of a container: with owners, devices, set-user-id bits')
      .option('-L, --follow-link', 'of a link at SRC_PATH what it leads to')
      .option('-q, --quiet', 'do not tell what was copied')
      .action((source: string, target: string, flags: Flags) => copy(source, target, flags, context));
  },
};

async function copy(source: string, target: string, flags: Flags, context: Context): Promise<void> {
  const [from, to] = [readOperand(source), readOperand(target)];
  if (from.container !== undefined && to.container !== undefined)
    throw refusal('copying between containers is not supported');
  if (from.container !== undefined) await out(from.container, from.path, target, flags, context);
  else if (to.container !== undefined) await into(source, to.container, to.path, flags, context);
  else throw refusal('must specify at least one container source');
}

const refusal = (problem: string) =>
  new TinyrunError('USAGE', problem, {
    hint: 'one of the two is CONTAINER:PATH, the other a path of the host',
  });

async function out(
  container: string,
  from: string,
  to: string,
  flags: Flags,
  context: Context,
): Promise<void> {
  if (to === '-' && isatty(1)) throw refusal('refusing to write an archive to a terminal');
  const { copyOut, copyToStream } = await import('../../engine/files/copy.ts');
  if (to === '-')
    return await writeOutput(copyToStream(context, { container, from }, flags), undefined, 'copy');
  const { bytes } = await copyOut(context, { container, from, to: hostPath(to, process.cwd()) }, flags);
  tell(bytes, to, flags, context);
}

async function into(
  from: string,
  container: string,
  to: string,
  flags: Flags,
  context: Context,
): Promise<void> {
  const { copyFromStream, copyIn } = await import('../../engine/files/copy.ts');
  if (from === '-') return await copyFromStream(context, { container, to }, openInput(undefined));
  const { bytes } = await copyIn(context, { from: hostPath(from, process.cwd()), container, to }, flags);
  tell(bytes, `${container}:${to}`, flags, context);
}

const tell = (bytes: number, where: string, { quiet }: Flags, { err }: Context): void => {
  // as Docker: what is read by a program is not told so
  if (!(quiet ?? !isatty(1))) err(`Successfully copied ${humanSize(bytes)} to ${where}\n`);
};
