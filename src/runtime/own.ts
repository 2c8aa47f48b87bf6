import type { Fd, Streams } from '../native/types.ts';
import { rfc3339 } from '../store/time.ts';
import { oomKills } from './cgroup.ts';
import { leftOf } from './dir.ts';
import { type Launched, type LaunchOptions, launch, launchSync } from './launch.ts';
import type { Birth, End, Joined, Life, Parent } from './life.ts';
import { forgetChild, signalPidfd } from './pidfd.ts';
import type { TerminalOptions } from './terminal.ts';

export interface OwnChild extends Pick<LaunchOptions, 'preserveFds' | 'onYield'> {
  /** It ends with this process, which takes it back; else it is made for somebody else (tinyrunc, exec). */
  readonly isLifeline?: boolean;
  readonly streams?: Pick<Streams, 'start' | 'finish' | 'drop'> & { readonly stdio: readonly [Fd, Fd, Fd] };
  /** On the calling thread, where Node has no part in the plan. */
  readonly blocking?: boolean | undefined;
  readonly watch?: Pick<LaunchOptions, 'trace' | 'onPause' | 'onFailure'>;
}

/** This process as a parent. */
export function ofUs(child: OwnChild): Parent {
  return { streams: child.streams, run: (birth) => run(birth, child) };
}

/** Off this thread, unless its owner says that nothing else is to be done there. Who looks on must be let in between. */
async function run(birth: Birth, child: OwnChild): Promise<Life> {
  const { plan } = birth;
  const { streams, preserveFds, watch, onYield } = child;
  const options: LaunchOptions = {
    plan,
    ...(streams ? { stdio: streams.stdio } : {}),
    ...(preserveFds ? { preserveFds } : {}),
    ...(onYield ? { onYield } : {}),
    ...watch,
  };
  const hasPart = watch?.onPause !== undefined || plan.steps.some(({ op }) => op === 'yield');
  const launched = child.blocking && !hasPart ? launchSync(options) : await launch(options);
  const { pid, pidfd, startTime, results, consoleFd } = launched;
  return {
    pid,
    pidfd,
    startTime,
    results,
    ...(consoleFd === undefined ? {} : { consoleFd }),
    signal: (signal) => signalPidfd(pidfd, signal),
    join: async (how) => {
      const joined = consoleFd === undefined ? undefined : await pumped({ master: consoleFd, ...how });
      streams?.start();
      return joined;
    },
    leave: () => {},
    ended: () => endOf(launched, birth, child),
    forget: () => forgetChild(pidfd),
    written: async () => await streams?.finish(),
  };
}

async function pumped(how: TerminalOptions): Promise<Joined> {
  const { pumpTerminal } = await import('./terminal.ts');
  return pumpTerminal(how);
}

async function endOf(launched: Launched, { cgroup, dir }: Birth, { isLifeline }: OwnChild): Promise<End> {
  const { kind, code, status } = await launched.wait();
  const isKilled = kind === 'signaled';
  const why = (oomKills(cgroup) ?? 0) > 0 ? 'memory' : isKilled ? 'signal' : 'ended';
  // kills what the program left in a pid namespace of the host, which may still hold the terminal
  const left = isLifeline && dir ? leftOf(dir) : undefined;
  return { exit: { code, ...(isKilled ? { signal: status } : {}), finished: rfc3339(), why }, left };
}
