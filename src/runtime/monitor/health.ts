import { existsSync, rmSync } from 'node:fs';
import { writeFileAtomic } from '../../store/atomic.ts';
import { join } from '../../store/join.ts';
import { attachTo } from './attach.ts';
import { encodeMessage } from './messages.ts';
import { bytesOfPlan, type OrderedHealth } from './order.ts';

/** What a monitor finds in the run directory when it is told to look (native/init/health.h). */
const FILE = 'health';

/** Has the monitor of a run directory run something else from now on, or nothing. False: it has none that does so. */
export async function replaceHealth(run: string, health: OrderedHealth | undefined): Promise<boolean> {
  const file = join(run, FILE);
  writeFileAtomic(file, messageOf(health), { durable: false });
  try {
    const client = await attachTo(run);
    client?.lookHealth();
    await client?.ended;
    // it goes once it is taken
    return !existsSync(file);
  } finally {
    rmSync(file, { force: true });
  }
}

const messageOf = (health: OrderedHealth | undefined): Uint8Array =>
  encodeMessage('health', {
    plan: bytesOfPlan(health?.plan),
    slot: health?.slot ?? 0,
    every: BigInt(health?.intervalMs ?? 0),
    timeout: BigInt(health?.timeoutMs ?? 0),
    start: BigInt(health?.startPeriodMs ?? 0),
    startEvery: BigInt(health?.startIntervalMs ?? 0),
    retries: health?.retries ?? 0,
  });
