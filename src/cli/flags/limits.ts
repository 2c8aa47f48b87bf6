import { Option, type Command as Program } from 'commander';
import type { DiskLimit } from '../../engine/config/types.ts';
import { collect } from '../options.ts';
import type { FlagGroup } from './group.ts';
import { parseDisk } from './parse/disk.ts';
import { parseInteger, parseRational, parseSize } from './parse/number.ts';
import { parseUlimit } from './parse/ulimit.ts';

interface Flags {
  readonly memory?: string;
  readonly memorySwap?: string;
  readonly memoryReservation?: string;
  readonly cpus?: string;
  readonly cpuShares?: string;
  readonly cpuPeriod?: string;
  readonly cpuQuota?: string;
  readonly cpuRtPeriod?: string;
  readonly cpuRtRuntime?: string;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pidsLimit?: string;
  readonly ulimit?: readonly string[];
  readonly oomScoreAdj?: string;
  readonly oomKillDisable?: boolean;
  readonly memorySwappiness?: string;
  readonly kernelMemory?: string;
  readonly blkioWeight?: string;
  readonly blkioWeightDevice?: readonly string[];
  readonly deviceReadBps?: readonly string[];
  readonly deviceWriteBps?: readonly string[];
  readonly deviceReadIops?: readonly string[];
  readonly deviceWriteIops?: readonly string[];
}

/** Of disks, in the order of what they come to. */
const DISKS: readonly (readonly [keyof Flags, DiskLimit['of']])[] = [
  ['blkioWeightDevice', 'weight'],
  ['deviceReadBps', 'readBps'],
  ['deviceWriteBps', 'writeBps'],
  ['deviceReadIops', 'readIops'],
  ['deviceWriteIops', 'writeIops'],
];

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
      .option('-c, --cpu-shares <NUMBER>', 'relative weight, 1024 is the norm')
      .option('--cpu-quota <MICROSECONDS>', 'processor time of each period')
      .option('--cpu-period <MICROSECONDS>', '1000 to 1000000; 100000 without')
      .option('--cpuset-cpus <LIST>', 'processors it may use, as in 0-2,7')
      .option('--cpuset-mems <LIST>', 'memory nodes it may use')
      .option('--pids-limit <NUMBER>', 'processes at most; -1: no limit')
      .option('--ulimit <NAME=LIMIT>', 'a resource limit, as SOFT or SOFT:HARD', collect)
      .option('--oom-score-adj <NUMBER>', 'how ready the kernel is to kill it, -1000 to 1000')
      .option('--blkio-weight <NUMBER>', 'share of busy disks, 10 to 1000')
      .option('--blkio-weight-device <DISK:WEIGHT>', 'share of one disk, as in /dev/sda:200', collect)
      .option('--device-read-bps <DISK:RATE>', 'bytes a second, as in /dev/sda:10mb', collect)
      .option('--device-write-bps <DISK:RATE>', 'bytes a second', collect)
      .option('--device-read-iops <DISK:RATE>', 'reads a second', collect)
      .option('--device-write-iops <DISK:RATE>', 'writes a second', collect)
      // cgroup v2 has none of these
      .addOption(new Option('--memory-swappiness <PERCENT>').hideHelp())
      .addOption(new Option('--kernel-memory <SIZE>').hideHelp())
      .addOption(new Option('--oom-kill-disable').hideHelp())
      .addOption(new Option('--cpu-rt-period <MICROSECONDS>').hideHelp())
      .addOption(new Option('--cpu-rt-runtime <MICROSECONDS>').hideHelp()),
  read: (flags) => ({
    limits: {
      memory: bytes(flags.memory, '--memory'),
      memorySwap: flags.memorySwap === '-1' ? -1 : bytes(flags.memorySwap, '--memory-swap'),
      memoryReservation: bytes(flags.memoryReservation, '--memory-reservation'),
      cpus: unless(flags.cpus, parseRational),
      cpuShares: unless(flags.cpuShares, parseInteger),
      cpuQuota: unless(flags.cpuQuota, parseInteger),
      cpuPeriod: unless(flags.cpuPeriod, parseInteger),
      cpusetCpus: flags.cpusetCpus,
      cpusetMems: flags.cpusetMems,
      pids: unless(flags.pidsLimit, parseInteger),
      rlimits: flags.ulimit?.map(parseUlimit),
      oomScoreAdj: unless(flags.oomScoreAdj, parseInteger),
      ioWeight: unless(flags.blkioWeight, parseInteger),
      ...disksOf(flags),
      ...unknownToV2(flags),
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
    'limits.cpuQuota': '--cpu-quota %q',
    'limits.cpuPeriod': '--cpu-period %q',
    'limits.cpuRtPeriod': '--cpu-rt-period %q',
    'limits.cpuRtRuntime': '--cpu-rt-runtime %q',
    'limits.ioWeight': '--blkio-weight %q',
    'limits.disks': [
      '--blkio-weight-device %q',
      '--device-read-bps %q',
      '--device-write-bps %q',
      '--device-read-iops %q',
      '--device-write-iops %q',
    ],
    'limits.memorySwappiness': '--memory-swappiness %q',
    'limits.kernelMemory': '--kernel-memory %q',
  },
};

function disksOf(flags: Flags): { disks?: readonly DiskLimit[] } {
  const disks = DISKS.flatMap(([flag, of]) =>
    ((flags[flag] ?? []) as readonly string[]).map((text) => parseDisk(text, of)),
  );
  return disks.length > 0 ? { disks } : {};
}

/** The engine tells what becomes of them. */
function unknownToV2({ memorySwappiness, oomKillDisable, ...flags }: Flags) {
  // Docker's default
  const swappiness = memorySwappiness === '-1' ? undefined : unless(memorySwappiness, parseInteger);
  const given = {
    memorySwappiness: swappiness,
    kernelMemory: bytes(flags.kernelMemory, '--kernel-memory'),
    oomKillDisable: oomKillDisable || undefined,
    cpuRtPeriod: unless(flags.cpuRtPeriod, parseInteger),
    cpuRtRuntime: unless(flags.cpuRtRuntime, parseInteger),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
