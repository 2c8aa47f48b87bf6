// Rules of the process that look at more than one field: config.md, "Process".

import { CAPABILITIES } from '../linux.ts';
import type { LinuxCapabilities, Process } from '../types.ts';
import { isCpuList } from './cpulist.ts';
import { at, type Report, type Where } from './report.ts';

type Rule = (process: Process, path: Where, report: Report) => void;

const hasArguments: Rule = (process, path, report) => {
  const [program] = process.args ?? [];
  if (program === undefined) report.error(at(path, 'args'), 'must name the program to run');
  else if (program === '') report.error(at(at(path, 'args'), 0), 'must not be empty');
};

const environment: Rule = (process, path, report) => {
  for (const [i, entry] of (process.env ?? []).entries())
    if (!/^[^=]+=/s.test(entry)) report.error(at(at(path, 'env'), i), 'is not NAME=value');
};

const rlimits: Rule = (process, path, report) => {
  const seen = new Set<string>();
  for (const [i, { type, soft, hard }] of (process.rlimits ?? []).entries()) {
    const here = at(at(path, 'rlimits'), i);
    if (seen.has(type)) report.error(here, `${type} is set twice`);
    if (soft > hard) report.error(here, `${type}: soft ${soft} is above hard ${hard}`);
    seen.add(type);
  }
};

const SETS = ['bounding', 'effective', 'inheritable', 'permitted', 'ambient'] as const;

/** Unknown names are those of a newer kernel, or of a typing error: both runc and crun warn and go on. */
const capabilityNames: Rule = (process, path, report) => {
  const known: readonly string[] = CAPABILITIES;
  const base = at(path, 'capabilities');
  const seen = new Set<string>();
  for (const set of SETS)
    for (const [i, name] of (process.capabilities?.[set] ?? []).entries()) {
      if (known.includes(name) || seen.has(name)) continue;
      seen.add(name);
      report.warn(at(at(base, set), i), `unknown capability ${JSON.stringify(name.slice(0, 64))} is ignored`);
    }
};

/** capset(2) and PR_CAP_AMBIENT_RAISE answer EPERM otherwise; without an ambient one the program still runs. */
const capabilitySets: Rule = (process, path, report) => {
  const caps = process.capabilities;
  if (!caps) return;
  const base = at(path, 'capabilities');
  for (const name of missing(caps, 'effective', 'permitted'))
    report.error(at(base, 'effective'), `${name} is not in permitted`);
  for (const set of ['permitted', 'inheritable'] as const)
    for (const name of missing(caps, 'ambient', set))
      report.warn(at(base, 'ambient'), `${name} is not in ${set}: it cannot be raised`);
};

function missing(
  caps: LinuxCapabilities,
  set: keyof LinuxCapabilities,
  of: keyof LinuxCapabilities,
): string[] {
  const known: readonly string[] = CAPABILITIES;
  const held = new Set(caps[of] ?? []);
  return (caps[set] ?? []).filter((name) => known.includes(name) && !held.has(name));
}

/** sched_setattr(2): which fields a policy takes; it passes over a nice value that means nothing to one. */
const scheduler: Rule = (process, path, report) => {
  const wanted = process.scheduler;
  if (!wanted) return;
  const base = at(path, 'scheduler');
  const { policy } = wanted;
  if (wanted.priority && policy !== 'SCHED_FIFO' && policy !== 'SCHED_RR')
    report.error(at(base, 'priority'), `is only for SCHED_FIFO and SCHED_RR, not ${policy}`);
  if (policy !== 'SCHED_DEADLINE')
    for (const field of ['runtime', 'deadline', 'period'] as const)
      if (wanted[field]) report.error(at(base, field), `is only for SCHED_DEADLINE, not ${policy}`);
};

const affinity: Rule = (process, path, report) => {
  for (const when of ['initial', 'final'] as const) {
    const cpus = process.execCPUAffinity?.[when];
    if (cpus && !isCpuList(cpus))
      report.error(
        at(at(path, 'execCPUAffinity'), when),
        `${JSON.stringify(cpus)} is not a list such as 0-3,7`,
      );
  }
};

const RULES: readonly Rule[] = [
  hasArguments,
  environment,
  rlimits,
  capabilityNames,
  capabilitySets,
  scheduler,
  affinity,
];

/** Checks a process whose form is sound. */
export function checkProcess(process: Process, path: Where, report: Report): void {
  for (const rule of RULES) rule(process, path, report);
}
