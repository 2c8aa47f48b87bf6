import { sweepIfPending } from '../engine/images.ts';
import { type Pulled, pull } from '../image/pull.ts';
import { familiarReference, formatReference, type Reference } from '../image/reference.ts';
import { ImageStore } from '../image/store.ts';
import type { Platform } from '../image/types.ts';
import type { Context } from './command.ts';
import { createProgress } from './output/progress.ts';

export interface PullFlags {
  readonly platform?: Platform | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly quiet: boolean;
}

/** Pulls with Docker's words: a line per layer, then digest and status, then the whole name. */
export async function pullAndReport(
  context: Context,
  reference: Reference,
  flags: PullFlags,
): Promise<Pulled> {
  const { platform, signal, quiet } = flags;
  const say = quiet ? () => undefined : context.out;
  const progress = createProgress(say, terminal());
  const store = new ImageStore(context.dataRoot);
  const pulled = await pull(store, reference, {
    platform,
    signal,
    onFound: () => say(`${reference.tag ?? reference.digest}: Pulling from ${reference.path}\n`),
    onProgress: (line) => progress.update(line),
  }).finally(() => progress.end());
  sweepIfPending(store, context);
  say(`Digest: ${pulled.digest}\n`);
  const status = pulled.upToDate ? 'Image is up to date for' : 'Downloaded newer image for';
  say(`Status: ${status} ${familiarReference(reference)}\n`);
  context.out(`${formatReference(reference)}\n`);
  return pulled;
}

/** Bars are drawn where somebody can see them. */
export function terminal(): { columns: number } | undefined {
  return process.stdout.isTTY ? { columns: process.stdout.columns || 80 } : undefined;
}
