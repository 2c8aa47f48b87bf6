import { NESTED } from '../plan/compile/options.ts';
import type { HostFacts } from '../plan/host.ts';
import { execPlan } from '../plan/verbs/exec.ts';
import type { OrderedHealth } from '../runtime/monitor/order.ts';
import { compileSeccomp } from '../runtime/seccomp.ts';
import type { Spec } from '../spec/types.ts';
import { join } from '../store/join.ts';
import type { Roots } from '../store/paths.ts';
import type { Health } from './config/health.ts';

interface Of {
  readonly id: string;
  readonly spec: Spec;
  readonly host: HostFacts;
  readonly health: Health;
  readonly cgroup?: string | undefined;
  /** It may have divided what it is in. */
  readonly nested?: boolean | undefined;
}

/** What its monitor runs in a container to find out how it is: as the container's own user, with what that may do. */
export function orderedHealth(
  { dataRoot }: Roots,
  { id, spec, host, health, cgroup, nested }: Of,
): OrderedHealth {
  const { args, ...times } = health;
  const own = spec.process ?? { cwd: '/' };
  const profile = spec.linux?.seccomp;
  const { plan, slots } = execPlan(host, {
    spec,
    id,
    // a monitor is not to be killed for memory, a probe of it is
    process: { ...own, terminal: false, args, oomScoreAdj: own.oomScoreAdj ?? 0 },
    ...(profile && { seccomp: compileSeccomp(profile, join(dataRoot, 'cache', 'seccomp')) }),
    ...(cgroup !== undefined && { cgroup: nested ? join(cgroup, NESTED.beside) : cgroup }),
    nullInput: true,
    dieWithParent: true,
  });
  return { plan, slot: slots.first ?? 0, ...times };
}
