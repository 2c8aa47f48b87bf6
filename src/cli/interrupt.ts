import { dict } from '../store/dict.ts';

/** Died of a signal: 128 and its number, as shells count. */
const EXIT: Readonly<Record<string, number>> = dict({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 });

/**
 * Runs work that Ctrl-C, SIGTERM and SIGHUP stop in order: the signal it is given aborts, it cleans up, and the
 * command ends as if it had died of the signal. A second Ctrl-C does not wait.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let by: string | undefined;
  const stop = (name: NodeJS.Signals) => {
    if (by !== undefined) process.exit(EXIT[name] ?? 1);
    by = name;
    abort.abort();
  };
  const names = Object.keys(EXIT) as NodeJS.Signals[];
  for (const name of names) process.on(name, stop);
  try {
    return await work(abort.signal);
  } catch (error) {
    if (by === undefined) throw error;
    return process.exit(EXIT[by] ?? 1);
  } finally {
    for (const name of names) process.off(name, stop);
  }
}
