import { rmSync } from 'node:fs';
import { TinyrunError } from '../../errors.ts';
import { native } from '../../native/index.ts';
import { encode } from '../../plan/encode.ts';
import type { Plan } from '../../plan/types.ts';
import { writeFileAtomic } from '../../store/atomic.ts';
import { join } from '../../store/join.ts';
import { planError } from '../failure.ts';
import { attachTo } from './attach.ts';
import { encodeMessage } from './messages.ts';
import { NONE } from './order.ts';

/** What a monitor finds in the run directory when it is told to look (native/init/monitor_plan.cc). */
const FILE = 'plan';

/**
 * Has the monitor of a run directory run a plan of the host lane: what that reserves is held by it, as long as the container lives.
 * @throws TinyrunError naming the step that failed; UNSUPPORTED where there is no monitor that does so
 */
export async function runByMonitor(run: string, plan: Plan): Promise<void> {
  const file = join(run, FILE);
  writeFileAtomic(file, encodeMessage('run', { plan: encode(plan) }), { durable: false });
  try {
    const client = await attachTo(run);
    const ran = await client?.lookPlan();
    if (ran === undefined)
      throw new TinyrunError(
        'UNSUPPORTED',
        'its monitor takes no plan: it has ended, or is of an earlier tinyrun',
        { hint: 'tinyrun restart gives it one of this' },
      );
    const { step, error: errno, syscall, path } = ran;
    if (errno === 0) return;
    const code = native().errorCode(errno);
    if (step === NONE)
      throw new TinyrunError('SYSCALL', `its monitor read the plan: ${syscall} ${path}: ${code}`);
    throw planError(plan, { step, errno, code, syscall, path });
  } finally {
    rmSync(file, { force: true });
  }
}
