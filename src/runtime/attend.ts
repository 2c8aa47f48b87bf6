import { SIGKILL } from '../spec/linux.ts';
import type { End, Joined, Life } from './life.ts';
import type { Forwarding } from './signals.ts';

export interface Attending {
  /** Signals of this process, for it. */
  readonly forwarding?: Forwarding | undefined;
  /** Resolves when who waits has lost patience: its output is not waited for any more. */
  readonly insisted?: Promise<void>;
  /** Who waits came to what ran already: it is not ended where its streams cannot be joined. */
  readonly isGuest?: boolean;
  /** What is typed at our terminal goes to its. */
  readonly stdin?: boolean;
  readonly lineEndsStay?: boolean;
}

/**
 * Stays with a life until it has ended, its output is written and our terminal is as it was; its terminal is joined to
 * ours meanwhile. `lost`: not all of the output could be written.
 */
export async function attend(
  life: Life,
  { forwarding, insisted, isGuest, ...terminal }: Attending,
): Promise<End & { lost: Error | undefined }> {
  const joined = isGuest ? await life.join(terminal) : await joinedTo(life, terminal);
  forwarding?.to(life.pidfd, life.pid);
  void insisted?.then(() => life.leave());
  try {
    const end = await life.ended();
    // the pidfd's number may soon be another file's
    forwarding?.drop();
    const written = Promise.all([joined?.drained, life.written()]).then(
      () => undefined,
      (error: Error) => error,
    );
    // who reads slowly is waited for, unless a person has lost patience
    const lost = (await (insisted ? Promise.race([written, insisted]) : written)) ?? undefined;
    return { ...end, lost };
  } finally {
    joined?.detach();
  }
}

/** One whose streams cannot be joined is of no use to who waits, and must not go on behind his back. */
async function joinedTo(life: Life, how: Parameters<Life['join']>[0]): Promise<Joined | undefined> {
  try {
    return await life.join(how);
  } catch (error) {
    life.signal(SIGKILL);
    await life.ended();
    throw error;
  }
}
