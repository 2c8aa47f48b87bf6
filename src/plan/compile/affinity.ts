import { TinyrunError } from '../../errors.ts';
import type { CPUAffinity } from '../../spec/types.ts';
import type { Context } from './context.ts';

/** The kernel's largest NR_CPUS; it has no more than 1024 nodes. */
const MOST = 8192;

/**
 * "0-3,7" → the mask of sched_setaffinity(2) and set_mempolicy(2), little endian, a multiple of eight bytes.
 * `field` is where the list stands. @throws TinyrunError (SPEC_INVALID)
 */
export function bitMask(list: string, field: string): Uint8Array {
  const cpus: number[] = [];
  for (const part of list.split(',')) {
    const [, first, last = first] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (first === undefined || from > to || to >= MOST)
      throw new TinyrunError(
        'SPEC_INVALID',
        `${field}: ${JSON.stringify(list)} is not a list of numbers below ${MOST} such as 0-3,7`,
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
    if (list) c.inContainer('cpuAffinity', { mask: bitMask(list, why) }, why, more);
  };
  set(initial, 'process.execCPUAffinity.initial', { mayFail: true });
  set(final, 'process.execCPUAffinity.final', {});
}
