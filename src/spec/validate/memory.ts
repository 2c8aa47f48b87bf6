// linux.memoryPolicy and linux.intelRdt: where memory comes from, and how much of caches and bandwidth.

import type { Linux } from '../types.ts';
import { isCpuList } from './cpulist.ts';
import { at, quote, type Report } from './report.ts';

/** Modes that set_mempolicy(2) takes no nodes for, and those that it takes none without. */
const WITHOUT_NODES: readonly string[] = ['MPOL_DEFAULT', 'MPOL_LOCAL'];
const WITH_NODES: readonly string[] = [
  'MPOL_BIND',
  'MPOL_INTERLEAVE',
  'MPOL_WEIGHTED_INTERLEAVE',
  'MPOL_PREFERRED_MANY',
];

/** What set_mempolicy(2) answers EINVAL to on every kernel. */
export function checkMemoryPolicy(linux: Linux, report: Report): void {
  const policy = linux.memoryPolicy;
  if (!policy) return;
  const { mode, nodes, flags } = policy;
  const path = 'linux.memoryPolicy';
  if (nodes && !isCpuList(nodes))
    report.error(at(path, 'nodes'), `${quote(nodes)} is not a list such as 0-3,7`);
  if (nodes && WITHOUT_NODES.includes(mode)) report.error(at(path, 'nodes'), `${mode} takes none`);
  if (!nodes && WITH_NODES.includes(mode)) report.error(at(path, 'nodes'), `is missing: ${mode} needs them`);
  if (flags?.includes('MPOL_F_STATIC_NODES') && flags.includes('MPOL_F_RELATIVE_NODES'))
    report.error(at(path, 'flags'), 'MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other');
}

/** The class is a directory name of resctrl, `/` its root; the schemata are its lines. */
export function checkRdt(linux: Linux, report: Report): void {
  const rdt = linux.intelRdt;
  if (!rdt) return;
  const { closID, schemata } = rdt;
  if (closID && closID !== '/' && (closID === '.' || closID === '..' || /[/\n]/.test(closID)))
    report.error('linux.intelRdt.closID', `${quote(closID)} is not a name of a directory`);
  for (const [i, line] of (schemata ?? []).entries())
    if (line.includes('\n')) report.error(at(at('linux.intelRdt', 'schemata'), i), 'must be one line');
  for (const field of ['l3CacheSchema', 'memBwSchema'] as const)
    if (rdt[field]?.includes('\n')) report.error(at('linux.intelRdt', field), 'must be one line');
  if (rdt.memBwSchema && !rdt.memBwSchema.startsWith('MB:'))
    report.error('linux.intelRdt.memBwSchema', `${quote(rdt.memBwSchema)} does not start with MB:`);
}
