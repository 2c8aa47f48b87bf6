import { TinyrunError } from '../../errors.ts';
import { parsePlatform } from '../../image/platform.ts';
import { parseNamed, parseReference, type Reference } from '../../image/reference.ts';
import type { Command, Context } from '../command.ts';
import { interruptible } from '../interrupt.ts';

interface Flags {
  readonly allTags?: boolean;
  readonly platform?: string;
  readonly quiet?: boolean;
  readonly disableContentTrust?: boolean;
}

export const command: Command = {
  usage: '[options] NAME[:TAG|@DIGEST]',
  examples: [
    'tinyrun pull alpine',
    'tinyrun pull --platform linux/arm64 alpine:3.20',
    'tinyrun pull -q localhost:5000/app',
  ],
  define(program, context) {
    program
      .argument('<name>')
      .option('-a, --all-tags', 'every tag of the repository')
      .option('--platform <OS/ARCH[/VARIANT]>', 'another platform than this machine’s')
      .option('-q, --quiet', 'print nothing but the name')
      .option('--disable-content-trust', 'accepted for Docker’s sake')
      .action((name: string, flags: Flags) => pull(name, flags, context));
  },
};

async function pull(name: string, flags: Flags, context: Context): Promise<void> {
  const named = parseNamed(name);
  if (flags.allTags) {
    if (named.tag ?? named.digest)
      throw new TinyrunError('USAGE', 'a tag or digest cannot be given with --all-tags');
    await interruptible((signal) => pullAll(named, flags, context, signal));
    return;
  }
  if (!named.tag && !named.digest && !flags.quiet) context.out('Using default tag: latest\n');
  const reference = parseReference(name);
  await interruptible((signal) => pullTags(reference, [reference], flags, context, signal));
}

async function pullAll(named: Reference, flags: Flags, context: Context, signal: AbortSignal): Promise<void> {
  const { Repository } = await import('../../image/registry/repository.ts');
  const repository = new Repository(named);
  const tags = await repository.tags(signal).finally(() => repository.close());
  const references = tags.map((tag) => ({ ...named, tag }));
  await pullTags(named, references, flags, context, signal);
}

async function pullTags(
  asked: Reference,
  references: readonly Reference[],
  flags: Flags,
  context: Context,
  signal: AbortSignal,
): Promise<void> {
  const { pullAndReport } = await import('../pull-report.ts');
  // as for Docker an empty one is none: scripts pass "$PLATFORM"
  const platform = flags.platform ? parsePlatform(flags.platform) : undefined;
  await pullAndReport(context, asked, references, { platform, signal, quiet: flags.quiet ?? false });
}
