import { TinyrunError } from '../../errors.ts';
import type {
  LinuxBlockIO,
  LinuxCPU,
  LinuxMemory,
  LinuxResources,
  LinuxThrottleDevice,
} from '../../spec/types.ts';
import { type FileWrite, ofDisks } from '../putback.ts';
import type { Step } from '../types.ts';

// linux.resources, which counts as cgroup v1 did, → writes to files of cgroup v2 (cgroup-v2.rst). Conversions are
// runc's and crun's, so that the same config.json limits the same.

export interface CgroupWrite extends FileWrite {
  /** The controller the file belongs to; '' for cgroup.* files. */
  readonly controller: string;
  readonly why: string;
  /** The file is not in every kernel. */
  readonly mayFail?: true;
  /** Nothing else can stand for it: a controller that is not there is an error, even for a runtime that only warns. */
  readonly required?: true;
}

/** A write as a step of the host lane, to the files of a cgroup. */
export function writeStep(cgroup: string, { file, value, or, why, mayFail }: CgroupWrite): Step {
  const common = { lane: 'host', why, ...(mayFail ? { mayFail } : {}) } as const;
  const path = `${cgroup}/${file}`;
  if (or === undefined) return { ...common, op: 'writeFile', args: { path, value } };
  const args = { path, value, otherPath: `${cgroup}/${or.file}`, otherValue: or.value };
  return { ...common, op: 'writeEither', args };
}

function invalid(field: string, message: string): TinyrunError {
  return new TinyrunError('SPEC_INVALID', `linux.resources.${field}: ${message}`);
}

const limit = (value: number): string => (value < 0 ? 'max' : String(value));

/** 0 and absent are both "not set": Docker writes 0. */
const isSet = (value: number | undefined): value is number => value !== undefined && value !== 0;

/**
 * Shares 2 … 262144 → weight 1 … 10000, with 1024 → 100: the curve that runc 1.4 and crun 1.23 use instead of the
 * older straight line, which made 39 of the default.
 */
export function cpuWeight(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  const l = Math.log2(shares);
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34));
}

/** blkio weight 10 … 1000 → io weight 1 … 10000. */
export function ioWeight(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

/** What a cgroup has already, for the values that stand in one file, or count, with another: "50000 100000", "max". */
export interface CurrentLimits {
  readonly cpuMax?: string | undefined;
  readonly cpuBurst?: string | undefined;
  readonly memoryMax?: string | undefined;
  readonly bfqWeight?: string | undefined;
}

/** memory.swap.max counts swap alone, memory.memsw.limit_in_bytes counted both; undefined for "leave". */
export function swapMax(memory: LinuxMemory, current: CurrentLimits = {}): string | undefined {
  const { swap = 0 } = memory;
  const bytes = memory.limit || Number(current.memoryMax) || 0;
  if (bytes === -1 && swap === 0) return 'max';
  if (swap === 0) return undefined;
  if (swap < 0) return 'max';
  if (bytes <= 0) throw invalid('memory.swap', 'needs memory.limit: it counts memory and swap together');
  if (swap < bytes) throw invalid('memory.swap', `${swap} is below memory.limit ${bytes}`);
  return String(swap - bytes);
}

function memoryWrites(memory: LinuxMemory, current: CurrentLimits): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  const add = (file: string, value: string, why: string) =>
    writes.push({ controller: 'memory', file, value, why });
  const swap = swapMax(memory, current);
  if (swap !== undefined) add('memory.swap.max', swap, 'how much of it may be swapped out');
  if (isSet(memory.limit))
    add('memory.max', limit(memory.limit), 'beyond it the container is killed for memory');
  if (isSet(memory.reservation))
    add('memory.low', limit(memory.reservation), 'reclaimed only when nothing else is left');
  return writes;
}

/** What is not named stays as it is; in a new cgroup that is the kernel's default. */
function cpuMax({ quota, period }: LinuxCPU, current: CurrentLimits): string {
  const [ownQuota = 'max', ownPeriod = '100000'] = current.cpuMax?.trim().split(' ') ?? [];
  const wanted = isSet(quota) ? limit(quota) : ownQuota;
  return `${wanted} ${isSet(period) ? period : ownPeriod}`;
}

function cpuWrites(cpu: LinuxCPU, current: CurrentLimits): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  const add = (controller: string, file: string, value: string, why: string) =>
    writes.push({ controller, file, value, why });
  if (cpu.idle !== undefined) add('cpu', 'cpu.idle', String(cpu.idle), 'runs only when nobody else wants to');
  // cpu.weight of an idle group is fixed: the kernel refuses to set it.
  if (isSet(cpu.shares) && cpu.idle !== 1)
    add('cpu', 'cpu.weight', String(cpuWeight(cpu.shares)), 'its share when processors are short');
  const { burst } = cpu;
  const addBurst = () => add('cpu', 'cpu.max.burst', String(burst), 'saved time it may use at once');
  // It may never exceed the quota: a smaller one comes before that, a larger one after it.
  const shrinks = burst !== undefined && burst < Number(current.cpuBurst ?? 0);
  if (shrinks) addBurst();
  if (isSet(cpu.quota) || isSet(cpu.period)) {
    add('cpu', 'cpu.max', cpuMax(cpu, current), 'processor time per period, µs');
  }
  if (burst !== undefined && !shrinks) addBurst();
  if (cpu.cpus) add('cpuset', 'cpuset.cpus', cpu.cpus, 'the processors it may use');
  if (cpu.mems) add('cpuset', 'cpuset.mems', cpu.mems, 'the memory nodes it may use');
  return writes;
}

const THROTTLES = [
  ['throttleReadBpsDevice', 'rbps'],
  ['throttleWriteBpsDevice', 'wbps'],
  ['throttleReadIOPSDevice', 'riops'],
  ['throttleWriteIOPSDevice', 'wiops'],
] as const;

function ioWrites(io: LinuxBlockIO, current: CurrentLimits): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  const weight = (prefix: string, value: number) =>
    writes.push({
      controller: 'io',
      file: 'io.bfq.weight',
      value: prefix + value,
      // Which of the two there is, and is obeyed, depends on the I/O scheduler of the host, and of the disk.
      or: { file: 'io.weight', value: prefix + ioWeight(value) },
      why: 'its share when the disks are busy',
    });
  if (isSet(io.weight)) {
    weight('', io.weight);
    for (const value of ofDisks(current.bfqWeight ?? ''))
      writes.push({
        controller: 'io',
        file: 'io.bfq.weight',
        value,
        why: 'a new default made it forget this',
      });
  }
  for (const { major, minor, weight: own } of io.weightDevice ?? [])
    if (isSet(own)) weight(`${major}:${minor} `, own);
  for (const [field, key] of THROTTLES)
    for (const device of io[field] ?? []) writes.push(throttle(device, key));
  return writes;
}

function throttle({ major, minor, rate }: LinuxThrottleDevice, key: string): CgroupWrite {
  const value = `${major}:${minor} ${key}=${rate === 0 ? 'max' : rate}`;
  return { controller: 'io', file: 'io.max', value, why: 'a ceiling for that disk' };
}

function hugepageWrites(resources: LinuxResources): CgroupWrite[] {
  return (resources.hugepageLimits ?? []).flatMap(({ pageSize, limit: bytes }) => {
    const why = `huge pages of ${pageSize}`;
    const common = { controller: 'hugetlb', value: String(bytes), why };
    return [
      { ...common, file: `hugetlb.${pageSize}.max` },
      // Reservations count too, where the kernel can (5.7); else mmap succeeds and the first touch kills.
      { ...common, file: `hugetlb.${pageSize}.rsvd.max`, mayFail: true as const },
    ];
  });
}

function rdmaWrites(resources: LinuxResources): CgroupWrite[] {
  return Object.entries(resources.rdma ?? {}).map(([device, { hcaHandles, hcaObjects }]) => {
    const parts = [
      hcaHandles === undefined ? '' : ` hca_handle=${hcaHandles}`,
      hcaObjects === undefined ? '' : ` hca_object=${hcaObjects}`,
    ];
    return {
      controller: 'rdma',
      file: 'rdma.max',
      value: device + parts.join(''),
      why: `limits of ${device}`,
    };
  });
}

/**
 * Names of cgroup v2 files as they are; one write per line, since the kernel takes one entry at a time. "The runtime MUST
 * generate an error when the configuration refers to a cgroup controller that is not present" (config-linux.md, Unified).
 */
function unifiedWrites(unified: Readonly<Record<string, string>>): CgroupWrite[] {
  return Object.entries(unified).flatMap(([file, text]) => {
    if (file.includes('/') || !/^[a-z]\w*\.[\w.]+$/.test(file))
      throw invalid('unified', `${JSON.stringify(file)} is not a file of a cgroup`);
    const prefix = file.slice(0, file.indexOf('.'));
    const controller = prefix === 'cgroup' ? '' : prefix;
    const lines = text.split('\n').filter((line) => line !== '');
    const why = 'linux.resources.unified';
    return lines.map((value) => ({ controller, file, value, why, required: true }));
  });
}

/** Fields that no file of cgroup v2 stands for, with what to say. */
export function withoutV2(resources: LinuxResources): string[] {
  const { memory = {}, cpu = {}, network } = resources;
  const fields: [string, boolean][] = [
    ['memory.kernel', isSet(memory.kernel)],
    ['memory.kernelTCP', isSet(memory.kernelTCP)],
    ['memory.swappiness', memory.swappiness !== undefined],
    ['memory.disableOOMKiller', memory.disableOOMKiller === true],
    ['cpu.realtimeRuntime', isSet(cpu.realtimeRuntime)],
    ['cpu.realtimePeriod', isSet(cpu.realtimePeriod)],
    ['blockIO.leafWeight', isSet(resources.blockIO?.leafWeight)],
    ['network', isSet(network?.classID) || (network?.priorities ?? []).length > 0],
  ];
  return fields.filter(([, set]) => set).map(([field]) => `linux.resources.${field}`);
}

/**
 * The writes that `resources` asks for, in an order the kernel takes; `current` is what an existing cgroup has.
 * @throws TinyrunError (SPEC_INVALID)
 */
export function cgroupWrites(resources: LinuxResources, current: CurrentLimits = {}): CgroupWrite[] {
  const pids = resources.pids?.limit;
  return [
    ...memoryWrites(resources.memory ?? {}, current),
    ...cpuWrites(resources.cpu ?? {}, current),
    // 0 is a limit of 0 since runtime-spec 1.3; absent is none.
    ...(typeof pids === 'number'
      ? [{ controller: 'pids', file: 'pids.max', value: limit(pids), why: 'a fork bomb ends here' }]
      : []),
    ...ioWrites(resources.blockIO ?? {}, current),
    ...hugepageWrites(resources),
    ...rdmaWrites(resources),
    ...unifiedWrites(resources.unified ?? {}),
  ];
}
