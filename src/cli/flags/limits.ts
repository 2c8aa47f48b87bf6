import type { Command as Program } from 'commander';
import { collect } from '../options.ts';
import type { FlagGroup } from './group.ts';
import { parseInteger, parseRational, parseSize } from './parse/number.ts';
import { parseUlimit } from './parse/ulimit.ts';

interface Flags {
  readonly memory?: string;
  readonly memorySwap?: string;
  readonly memoryReservation?: string;
  readonly cpus?: string;
  readonly cpuShares?: string;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pidsLimit?: string;
  readonly ulimit?: readonly string[];
  readonly oomScoreAdj?: string;
}

const unless = <T>(text: string | undefined, read: (text: string) => T): T | undefined =>
  text === undefined ? undefined : read(text);

const bytes = (text: string | undefined, flag: string): number | undefined =>
  unless(text, (given) => parseSize(given, flag));

/** How much it may use. */
export const limitFlags: FlagGroup<Flags> = {
  define: (program: Program) =>
    void program
      .option('-m, --memory <SIZE>', 'memory limit, 6m or more')
      .option('--memory-swap <SIZE>', 'memory plus swap; -1: no limit')
      .option('--memory-reservation <SIZE>', 'memory that is kept for it')
      .option('--cpus <NUMBER>', 'processors, as in 1.5')
      .option('--cpu-shares <NUMBER>', 'relative weight, 1024 is the norm')
      .option('--cpuset-cpus <LIST>', 'processors it may use, as in 0-2,7')
      .option('--cpuset-mems <LIST>', 'memory nodes it may use')
      .option('--pids-limit <NUMBER>', 'processes at most; -1: no limit')
      .option('--ulimit <NAME=LIMIT>', 'a resource limit, as SOFT or SOFT:HARD', collect)
      .option('--oom-score-adj <NUMBER>', 'how ready the kernel is to kill it, -1000 to 1000'),
  read: (flags) => ({
    limits: {
      memory: bytes(flags.memory, '--memory'),
      memorySwap: flags.memorySwap === '-1' ? -1 : bytes(flags.memorySwap, '--memory-swap'),
      memoryReservation: bytes(flags.memoryReservation, '--memory-reservation'),
      cpus: unless(flags.cpus, parseRational),
      cpuShares: unless(flags.cpuShares, parseInteger),
      cpusetCpus: flags.cpusetCpus,
      cpusetMems: flags.cpusetMems,
      pids: unless(flags.pidsLimit, parseInteger),
      rlimits: flags.ulimit?.map(parseUlimit),
      oomScoreAdj: unless(flags.oomScoreAdj, parseInteger),
    },
  }),
  names: {
    'limits.memory': '--memory %q',
    'limits.memorySwap': '--memory-swap %q',
    'limits.memoryReservation': '--memory-reservation %q',
    'limits.cpus': '--cpus %q',
    'limits.cpuShares': '--cpu-shares %q',
    'limits.cpusetCpus': '--cpuset-cpus %q',
    'limits.cpusetMems': '--cpuset-mems %q',
    'limits.pids': '--pids-limit %q',
    'limits.rlimits': '--ulimit %q',
    'limits.oomScoreAdj': '--oom-score-adj %q',
  },
};
