import { tellTransfer } from '../../engine/events/images.ts';
import { TinyrunError } from '../../errors.ts';
import {
  familiarReference,
  formatReference,
  parseNamed,
  parseReference,
  type Reference,
  repositoryOf,
} from '../../image/reference.ts';
import { ImageStore } from '../../image/store.ts';
import type { Command, Context } from '../command.ts';
import { interruptible } from '../interrupt.ts';
import { createProgress, terminal } from '../output/progress.ts';
import { inTurn } from '../partly.ts';

interface Flags {
  readonly allTags?: boolean;
  readonly quiet?: boolean;
}

export const command: Command = {
  usage: '[options] NAME[:TAG]',
  examples: ['tinyrun tag app localhost:5000/app:1', 'tinyrun push localhost:5000/app:1'],
  define(program, context) {
    program
      .argument('<name>')
      .option('-a, --all-tags', 'every tag of the repository')
      .option('-q, --quiet', 'print nothing but the name')
      .option('--disable-content-trust', 'accepted for Docker’s sake')
      .action((name: string, flags: Flags) => push(name, flags, context));
  },
};

async function push(name: string, flags: Flags, context: Context): Promise<void> {
  const named = parseNamed(name);
  if (flags.allTags && named.tag) throw new TinyrunError('USAGE', 'a tag cannot be given with --all-tags');
  if (named.digest)
    throw new TinyrunError('USAGE', 'cannot push a digest reference', {
      hint: `give it a tag: tinyrun tag ${name} NAME:TAG, then push that`,
    });
  const say = flags.quiet ? () => undefined : context.out;
  if (!flags.allTags && !named.tag) say('Using default tag: latest\n');
  say(`The push refers to repository [${repositoryOf(named)}]\n`);
  const only = { ...named, tag: named.tag ?? 'latest' };
  const references = flags.allTags ? tagsOf(named, context) : [only];
  await interruptible((signal) =>
    inTurn(references, 'pushed', familiarReference, (reference) =>
      pushOne(reference, flags, context, signal),
    ),
  );
  // the whole name, as docker answers it: of --all-tags the repository
  if (flags.quiet) context.out(`${flags.allTags ? repositoryOf(named) : formatReference(only)}\n`);
}

function tagsOf(named: Reference, context: Context): Reference[] {
  const names = new ImageStore(context.dataRoot).list().flatMap(({ name }) => name ?? []);
  const found = names
    .sort()
    .map(parseReference)
    .filter((entry) => repositoryOf(entry) === repositoryOf(named));
  if (found.length === 0) throw new TinyrunError('IMAGE_NOT_FOUND', `no such image: ${repositoryOf(named)}`);
  return found;
}

async function pushOne(
  reference: Reference,
  flags: Flags,
  context: Context,
  signal: AbortSignal,
): Promise<void> {
  const images = await import('../../image/push.ts');
  const progress = createProgress(flags.quiet ? () => undefined : context.draw, terminal());
  const store = new ImageStore(context.dataRoot);
  const { digest, size } = await images
    .push(store, reference, { signal, onProgress: (line) => progress.update(line) })
    .finally(() => progress.end());
  tellTransfer(context, 'push', reference);
  if (!flags.quiet) context.out(`${reference.tag}: digest: ${digest} size: ${size}\n`);
}
