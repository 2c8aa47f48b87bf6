import { existsSync } from 'node:fs';
import type { Step } from '../plan/types.ts';
import { launchSync } from '../runtime/launch.ts';
import { stopScope } from '../runtime/systemd.ts';

/** The unit that systemd has made for a container. */
export interface Scope {
  readonly scope: string;
  readonly cgroup?: string;
  /** Whose systemd it is. */
  readonly owner: number;
}

/** Ends what is left in the cgroup: in a host's pid namespace the first process does not take the others with it. */
function emptyCgroup(cgroup: string): void {
  const step: Step = {
    op: 'cgroupKill',
    lane: 'host',
    args: { path: cgroup },
    why: 'nothing may outlive the container',
  };
  launchSync({ plan: { steps: [step] } });
}

/** The cgroup is systemd's to remove. @throws TinyrunError DBUS */
export async function removeScope({ scope, cgroup, owner }: Scope): Promise<void> {
  if (cgroup !== undefined && existsSync(cgroup)) emptyCgroup(cgroup);
  await stopScope(scope, owner !== 0);
}
