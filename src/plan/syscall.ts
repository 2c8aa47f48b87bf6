import { FILES } from './calls/files.ts';
import type { Calls } from './calls/format.ts';
import { HANDSHAKE } from './calls/handshake.ts';
import { HOST } from './calls/host.ts';
import { PROCESS } from './calls/process.ts';
import type { Step, StepName } from './types.ts';

const CALLS: Calls<StepName> = { ...HANDSHAKE, ...PROCESS, ...FILES, ...HOST };

/** What a step asks of the kernel, as the man pages write it; `in_root` stands for openat2(RESOLVE_IN_ROOT). */
export function syscallOf({ op, args }: Pick<Step, 'op' | 'args'>): string {
  return (CALLS[op] as (given: typeof args) => string)(args);
}
