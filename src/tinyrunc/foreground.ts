import { attend } from '../runtime/attend.ts';
import type { Life } from '../runtime/life.ts';
import { forwardSignals } from '../runtime/signals.ts';

/** Stays with a process, with our signals and our terminal for it; answers its exit code. */
export async function foreground(life: Life): Promise<number> {
  const forwarding = forwardSignals();
  try {
    const { exit, lost } = await attend(life, { forwarding, lineEndsStay: true });
    if (lost) throw lost;
    return exit.code;
  } finally {
    forwarding.stop();
  }
}
