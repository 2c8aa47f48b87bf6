// Rules of linux.resources: what a cgroup file would answer EINVAL to, or take for something else.

import type { LinuxResources } from '../types.ts';
import { isCpuList } from './cpulist.ts';
import { at, quote, type Report, type Where } from './report.ts';

type Rule = (resources: LinuxResources, path: Where, report: Report) => void;

const devices: Rule = (resources, path, report) => {
  for (const [i, rule] of (resources.devices ?? []).entries())
    if (rule.access && !/^[rwm]{1,3}$/.test(rule.access))
      report.error(at(at(at(path, 'devices'), i), 'access'), `${quote(rule.access)} is not of r, w, m`);
};

const memory: Rule = (resources, path, report) => {
  const wanted = resources.memory;
  if (!wanted) return;
  const base = at(path, 'memory');
  for (const field of ['limit', 'reservation', 'swap', 'kernel', 'kernelTCP'] as const)
    if ((wanted[field] ?? 0) < -1)
      report.error(at(base, field), `${wanted[field]} is below -1, which is unlimited`);
  const { limit, swap, reservation } = wanted;
  if (swap && limit && swap > 0 && swap < limit)
    report.error(at(base, 'swap'), `${swap} is below limit ${limit}: it is memory plus swap`);
  if (reservation && limit && limit > 0 && reservation > limit)
    report.error(at(base, 'reservation'), `${reservation} is above limit ${limit}`);
  if ((wanted.swappiness ?? 0) > 100) report.error(at(base, 'swappiness'), 'is not between 0 and 100');
};

const cpu: Rule = (resources, path, report) => {
  const wanted = resources.cpu;
  if (!wanted) return;
  const base = at(path, 'cpu');
  const { quota, period, burst, idle } = wanted;
  if (period && (period < 1000 || period > 1_000_000))
    report.error(at(base, 'period'), `${period} is not between 1000 and 1000000 microseconds`);
  if (quota && quota > 0 && quota < 1000)
    report.error(at(base, 'quota'), `${quota} is below 1000 microseconds`);
  if (quota && quota < -1) report.error(at(base, 'quota'), `${quota} is below -1, which is unlimited`);
  if (burst && quota && quota > 0 && burst > quota)
    report.error(at(base, 'burst'), `${burst} is above quota ${quota}`);
  if (idle !== undefined && idle !== null && idle !== 0 && idle !== 1)
    report.error(at(base, 'idle'), 'is not 0 or 1');
  for (const field of ['cpus', 'mems'] as const) {
    const list = wanted[field];
    if (list && !isCpuList(list)) report.error(at(base, field), `${quote(list)} is not a list such as 0-3,7`);
  }
};

const blockIO: Rule = (resources, path, report) => {
  const base = at(path, 'blockIO');
  const weights = [resources.blockIO ?? {}, ...(resources.blockIO?.weightDevice ?? [])];
  for (const [i, entry] of weights.entries())
    for (const field of ['weight', 'leafWeight'] as const) {
      const here = i === 0 ? base : at(at(base, 'weightDevice'), i - 1);
      const value = entry[field];
      if (value && value < 10) report.error(at(here, field), `${value} is not between 10 and 1000`);
    }
};

/** Entries that set nothing are errors: config-linux.md, "Block IO" and "RDMA". */
const emptyEntries: Rule = (resources, path, report) => {
  for (const [i, device] of (resources.blockIO?.weightDevice ?? []).entries())
    if (!device.weight && !device.leafWeight)
      report.error(at(at(at(path, 'blockIO'), 'weightDevice'), i), 'needs weight or leafWeight');
  for (const [name, { hcaHandles, hcaObjects }] of Object.entries(resources.rdma ?? {}))
    if ((hcaHandles ?? hcaObjects) === undefined)
      report.error(at(at(path, 'rdma'), name), 'needs hcaHandles or hcaObjects');
};

/** Names of files below a cgroup: a slash or a dot-dot would leave it. */
const unified: Rule = (resources, path, report) => {
  for (const [file, value] of Object.entries(resources.unified ?? {})) {
    const here = at(at(path, 'unified'), file);
    if (!/^[a-z0-9_]+\.[A-Za-z0-9_.]+$/.test(file)) report.error(here, 'is not the name of a cgroup file');
    else if (/^cgroup\.(procs|threads|kill|freeze|type|subtree_control)$/.test(file))
      report.error(here, 'belongs to the runtime');
    if (value === '') report.error(here, 'must not be empty');
  }
};

const hugepages: Rule = (resources, path, report) => {
  for (const [i, { pageSize }] of (resources.hugepageLimits ?? []).entries())
    if (!/^\d+[KMGTP]B$/.test(pageSize))
      report.error(
        at(at(at(path, 'hugepageLimits'), i), 'pageSize'),
        `${quote(pageSize)} is not a size such as 2MB`,
      );
};

const RULES: readonly Rule[] = [devices, memory, cpu, blockIO, emptyEntries, unified, hugepages];

/** Checks resources whose form is sound. */
export function checkResources(resources: LinuxResources, path: Where, report: Report): void {
  for (const rule of RULES) rule(resources, path, report);
}
