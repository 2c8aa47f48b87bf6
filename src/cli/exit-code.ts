import type { RunResult } from '../engine/types.ts';
import type { Context } from './command.ts';

/** How Docker's client ends when it is made to. */
const FORCED = 1;

/** How a command ends whose container has: as the container did, or as who was made to end it. */
export function exitCodeAfter({ exitCode, forced, isDetached }: RunResult, { err }: Context): number {
  // who has closed standard output has typed nothing
  if (isDetached && !process.stdout.errored) err('read escape sequence\n');
  if (!forced) return exitCode;
  err('\ngot 3 SIGTERM/SIGINTs, forcefully exiting: the container was killed\n');
  return FORCED;
}
