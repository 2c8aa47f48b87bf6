import type { ExitStatus } from '../native/types.ts';
import type { Launched } from './launch.ts';
import { forwardSignals } from './signals.ts';

/**
 * Stays with a started process until it ends: signals are passed on, its terminal (if it has one) is joined to ours.
 * @returns how it ended; its output is written and our terminal restored by then.
 */
export async function attend(launched: Launched): Promise<ExitStatus> {
  const forwarding = forwardSignals();
  forwarding.to(launched.pidfd, launched.pid);
  const pump = launched.consoleFd === undefined ? undefined : await joinTerminal(launched.consoleFd);
  try {
    const status = await launched.wait();
    // the pidfd's number may soon be another file's
    forwarding.drop();
    await pump?.drained;
    return status;
  } finally {
    forwarding.stop();
    pump?.detach();
  }
}

async function joinTerminal(master: number) {
  const { pumpTerminal } = await import('./terminal.ts');
  return pumpTerminal({ master, lineEndsStay: true });
}
