import { TinyrunError } from '../../errors.ts';
import type { CPUAffinity } from '../../spec/types.ts';
import type { Context } from './context.ts';

/** CPU_SETSIZE of glibc is 1024; the kernel's largest NR_CPUS is 8192. */
const MOST = 8192;

/** "0-3,7" → the mask of sched_setaffinity(2), little endian, a multiple of eight bytes. @throws TinyrunError (SPEC_INVALID) */
export function cpuMask(list: string): Uint8Array {
  const cpus: number[] = [];
  for (const part of list.split(',')) {
    const [, first, last = first] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (first === undefined || from > to || to >= MOST)
      throw new TinyrunError(
        'SPEC_INVALID',
        `process.execCPUAffinity: ${JSON.stringify(list)} is not a list of CPUs`,
      );
    for (let cpu = from; cpu <= to; cpu++) cpus.push(cpu);
  }
  const mask = new Uint8Array(8 * Math.ceil((Math.max(...cpus) + 1) / 64));
  for (const cpu of cpus) mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  return mask;
}

/** config.md, "execCPUAffinity". The first may lie outside the container's cpuset, in which the process already is. */
export function affinity(c: Context, { initial, final }: CPUAffinity = {}): void {
  const set = (list: string | undefined, why: string, more: { mayFail?: true }): void => {
    if (list) c.inContainer('cpuAffinity', { mask: cpuMask(list) }, why, more);
  };
  set(initial, 'process.execCPUAffinity.initial', { mayFail: true });
  set(final, 'process.execCPUAffinity.final', {});
}
