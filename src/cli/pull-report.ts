import { tellTransfer } from '../engine/events/images.ts';
import { sweepIfPending } from '../engine/image-users.ts';
import { type Pulled, pull } from '../image/pull.ts';
import { familiarReference, formatReference, type Reference } from '../image/reference.ts';
import { ImageStore } from '../image/store.ts';
import type { Platform } from '../image/types.ts';
import type { Context } from './command.ts';
import { createProgress, terminal } from './output/progress.ts';
import { inTurn } from './partly.ts';

export interface PullFlags {
  readonly platform?: Platform | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly quiet: boolean;
}

/**
 * Pulls the tags of what was asked for with Docker's words: for each a line per layer and the digest, then one status
 * and the whole name for all.
 */
export async function pullAndReport(
  context: Context,
  asked: Reference,
  references: readonly Reference[],
  flags: PullFlags,
): Promise<void> {
  const say = flags.quiet ? () => undefined : context.out;
  let upToDate = true;
  await inTurn(references, 'pulled', familiarReference, async (reference) => {
    const pulled = await pullOne(context, reference, flags, say);
    upToDate &&= pulled.upToDate;
    say(`Digest: ${pulled.digest}\n`);
  });
  const status = upToDate ? 'Image is up to date for' : 'Downloaded newer image for';
  say(`Status: ${status} ${familiarReference(asked)}\n`);
  context.out(`${formatReference(asked)}\n`);
}

async function pullOne(
  context: Context,
  reference: Reference,
  { platform, signal, quiet }: PullFlags,
  say: (text: string) => void,
): Promise<Pulled> {
  const progress = createProgress(quiet ? () => undefined : context.draw, terminal());
  const store = new ImageStore(context.dataRoot);
  const pulled = await pull(store, reference, {
    platform,
    signal,
    onFound: () => say(`${reference.tag ?? formatReference(reference)}: Pulling from ${reference.path}\n`),
    onProgress: (line) => progress.update(line),
  }).finally(() => progress.end());
  tellTransfer(context, 'pull', reference);
  sweepIfPending(store, context);
  return pulled;
}
