// config.json and state.json of the OCI runtime specification 1.3, as far as it concerns Linux.
// Names are the specification's own; units are given where the specification leaves them to other pages.
// Everything is readonly: a spec is data, functions over it make new ones.

/** config.json, config.md of the runtime specification. */
export interface Spec {
  /** SemVer 2.0.0 of the specification the bundle complies with. */
  readonly ociVersion: string;
  readonly process?: Process;
  readonly root?: Root;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly mounts?: readonly Mount[];
  readonly hooks?: Hooks;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux?: Linux;
}

/** The container's process; `args` is required from `start` on. Also what `exec --process FILE` reads. */
export interface Process {
  readonly terminal?: boolean;
  /** Characters; ignored without `terminal`. */
  readonly consoleSize?: Box;
  readonly user?: User;
  readonly args?: readonly string[];
  readonly commandLine?: string;
  readonly env?: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly capabilities?: LinuxCapabilities;
  readonly rlimits?: readonly POSIXRlimit[];
  readonly noNewPrivileges?: boolean;
  readonly apparmorProfile?: string;
  /** -1000 … 1000, see proc(5). */
  readonly oomScoreAdj?: number;
  readonly scheduler?: Scheduler;
  readonly selinuxLabel?: string;
  readonly ioPriority?: LinuxIOPriority;
  readonly execCPUAffinity?: CPUAffinity;
}

export interface Box {
  readonly height: number;
  readonly width: number;
}

export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly umask?: number;
  readonly additionalGids?: readonly number[];
  /** Windows only; ignored. */
  readonly username?: string;
}

/** Capability names with the CAP_ prefix, per set of capabilities(7). */
export interface LinuxCapabilities {
  readonly bounding?: readonly string[];
  readonly effective?: readonly string[];
  readonly inheritable?: readonly string[];
  readonly permitted?: readonly string[];
  readonly ambient?: readonly string[];
}

/** getrlimit(2); values up to 2^64-1, so that a JSON reader may hand over inexact numbers above 2^53. */
export interface POSIXRlimit {
  readonly type: string;
  readonly hard: number;
  readonly soft: number;
}

export type SchedulerPolicy =
  | 'SCHED_OTHER'
  | 'SCHED_FIFO'
  | 'SCHED_RR'
  | 'SCHED_BATCH'
  | 'SCHED_ISO'
  | 'SCHED_IDLE'
  | 'SCHED_DEADLINE';

export type SchedulerFlag =
  | 'SCHED_FLAG_RESET_ON_FORK'
  | 'SCHED_FLAG_RECLAIM'
  | 'SCHED_FLAG_DL_OVERRUN'
  | 'SCHED_FLAG_KEEP_POLICY'
  | 'SCHED_FLAG_KEEP_PARAMS'
  | 'SCHED_FLAG_UTIL_CLAMP_MIN'
  | 'SCHED_FLAG_UTIL_CLAMP_MAX';

/** sched_setattr(2); times in nanoseconds. */
export interface Scheduler {
  readonly policy: SchedulerPolicy;
  readonly nice?: number;
  readonly priority?: number;
  readonly flags?: readonly SchedulerFlag[];
  readonly runtime?: number;
  readonly deadline?: number;
  readonly period?: number;
}

export type IOPriorityClass = 'IOPRIO_CLASS_RT' | 'IOPRIO_CLASS_BE' | 'IOPRIO_CLASS_IDLE';

/** ioprio_set(2). */
export interface LinuxIOPriority {
  readonly class: IOPriorityClass;
  /** 0 … 7. */
  readonly priority: number;
}

/** CPU lists ("0-3,7") for exec: before the move into the container's cgroup, and after. */
export interface CPUAffinity {
  readonly initial?: string;
  readonly final?: string;
}

export interface Root {
  /** Absolute, or relative to the bundle. */
  readonly path: string;
  readonly readonly?: boolean;
}

export interface Mount {
  /** Absolute in the container. */
  readonly destination: string;
  readonly type?: string;
  /** A device or name; for bind mounts a path of the host, relative ones start at the bundle. */
  readonly source?: string;
  readonly options?: readonly string[];
  readonly uidMappings?: readonly LinuxIDMapping[];
  readonly gidMappings?: readonly LinuxIDMapping[];
}

export interface Hook {
  /** Absolute, of the host. */
  readonly path: string;
  /** argv, args[0] included. */
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  /** Seconds, above 0. */
  readonly timeout?: number;
}

export interface Hooks {
  /** Deprecated by the specification: runs in the runtime namespace after createContainer's environment exists. */
  readonly prestart?: readonly Hook[];
  readonly createRuntime?: readonly Hook[];
  readonly createContainer?: readonly Hook[];
  readonly startContainer?: readonly Hook[];
  readonly poststart?: readonly Hook[];
  readonly poststop?: readonly Hook[];
}

export type HookName = keyof Hooks;

export interface Linux {
  readonly uidMappings?: readonly LinuxIDMapping[];
  readonly gidMappings?: readonly LinuxIDMapping[];
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly resources?: LinuxResources;
  readonly cgroupsPath?: string;
  readonly namespaces?: readonly LinuxNamespace[];
  readonly devices?: readonly LinuxDevice[];
  /** By name on the host (1.3). */
  readonly netDevices?: Readonly<Record<string, LinuxNetDevice>>;
  readonly seccomp?: LinuxSeccomp;
  readonly rootfsPropagation?: RootfsPropagation;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly mountLabel?: string;
  readonly intelRdt?: LinuxIntelRdt;
  readonly memoryPolicy?: LinuxMemoryPolicy;
  readonly personality?: LinuxPersonality;
  /** Offsets of the time namespace. */
  readonly timeOffsets?: { readonly [clock in 'monotonic' | 'boottime']?: LinuxTimeOffset };
}

export type RootfsPropagation =
  | 'private'
  | 'rprivate'
  | 'shared'
  | 'rshared'
  | 'slave'
  | 'rslave'
  | 'unbindable'
  | 'runbindable';

export type LinuxNamespaceType = 'pid' | 'network' | 'mount' | 'ipc' | 'uts' | 'user' | 'cgroup' | 'time';

export interface LinuxNamespace {
  readonly type: LinuxNamespaceType;
  /** An nsfs file to join; a new namespace without. */
  readonly path?: string;
}

export interface LinuxIDMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface LinuxTimeOffset {
  readonly secs?: number;
  readonly nanosecs?: number;
}

export interface LinuxNetDevice {
  /** The name in the container; the host's without. */
  readonly name?: string;
}

export type LinuxDeviceType = 'c' | 'u' | 'b' | 'p';

export interface LinuxDevice {
  readonly path: string;
  readonly type: LinuxDeviceType;
  readonly major?: number;
  readonly minor?: number;
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface LinuxResources {
  readonly devices?: readonly LinuxDeviceCgroup[];
  readonly memory?: LinuxMemory;
  readonly cpu?: LinuxCPU;
  readonly pids?: LinuxPids;
  readonly blockIO?: LinuxBlockIO;
  readonly hugepageLimits?: readonly LinuxHugepageLimit[];
  readonly network?: LinuxNetwork;
  readonly rdma?: Readonly<Record<string, LinuxRdma>>;
  /** cgroup v2 files by name. */
  readonly unified?: Readonly<Record<string, string>>;
}

export interface LinuxDeviceCgroup {
  readonly allow: boolean;
  /** a: all, c, b; all without. */
  readonly type?: 'a' | 'c' | 'b';
  /** Any without; -1 too, as runc writes it. */
  readonly major?: number;
  readonly minor?: number;
  /** Of r, w, m. */
  readonly access?: string;
}

/** Bytes; -1 is unlimited. */
export interface LinuxMemory {
  readonly limit?: number;
  readonly reservation?: number;
  /** Memory plus swap, as cgroup v1 counts. */
  readonly swap?: number;
  readonly kernel?: number;
  readonly kernelTCP?: number;
  readonly swappiness?: number;
  readonly disableOOMKiller?: boolean;
  readonly useHierarchy?: boolean;
  readonly checkBeforeUpdate?: boolean;
}

/** Times in microseconds. */
export interface LinuxCPU {
  /** 2 … 262144, as cgroup v1 counts. */
  readonly shares?: number;
  readonly quota?: number;
  readonly burst?: number;
  readonly period?: number;
  readonly realtimeRuntime?: number;
  readonly realtimePeriod?: number;
  readonly cpus?: string;
  readonly mems?: string;
  /** 1: SCHED_IDLE for the group. */
  readonly idle?: number;
}

export interface LinuxPids {
  /** 0 or less is unlimited up to 1.2. */
  readonly limit?: number;
}

export interface LinuxBlockIO {
  /** 10 … 1000. */
  readonly weight?: number;
  readonly leafWeight?: number;
  readonly weightDevice?: readonly LinuxWeightDevice[];
  readonly throttleReadBpsDevice?: readonly LinuxThrottleDevice[];
  readonly throttleWriteBpsDevice?: readonly LinuxThrottleDevice[];
  readonly throttleReadIOPSDevice?: readonly LinuxThrottleDevice[];
  readonly throttleWriteIOPSDevice?: readonly LinuxThrottleDevice[];
}

export interface LinuxWeightDevice {
  readonly major: number;
  readonly minor: number;
  readonly weight?: number;
  readonly leafWeight?: number;
}

export interface LinuxThrottleDevice {
  readonly major: number;
  readonly minor: number;
  /** Bytes or operations per second. */
  readonly rate: number;
}

export interface LinuxHugepageLimit {
  /** "2MB", "1GB", "64KB". */
  readonly pageSize: string;
  /** Bytes. */
  readonly limit: number;
}

export interface LinuxNetwork {
  readonly classID?: number;
  readonly priorities?: readonly LinuxInterfacePriority[];
}

export interface LinuxInterfacePriority {
  readonly name: string;
  readonly priority: number;
}

export interface LinuxRdma {
  readonly hcaHandles?: number;
  readonly hcaObjects?: number;
}

export type SeccompAction =
  | 'SCMP_ACT_KILL'
  | 'SCMP_ACT_KILL_PROCESS'
  | 'SCMP_ACT_KILL_THREAD'
  | 'SCMP_ACT_TRAP'
  | 'SCMP_ACT_ERRNO'
  | 'SCMP_ACT_TRACE'
  | 'SCMP_ACT_ALLOW'
  | 'SCMP_ACT_LOG'
  | 'SCMP_ACT_NOTIFY';

export type SeccompOperator =
  | 'SCMP_CMP_NE'
  | 'SCMP_CMP_LT'
  | 'SCMP_CMP_LE'
  | 'SCMP_CMP_EQ'
  | 'SCMP_CMP_GE'
  | 'SCMP_CMP_GT'
  | 'SCMP_CMP_MASKED_EQ';

export interface LinuxSeccomp {
  readonly defaultAction: SeccompAction;
  /** EPERM without. */
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  /** SECCOMP_FILTER_FLAG_*. */
  readonly flags?: readonly string[];
  /** Unix socket that is sent the notify fd and the container process state. */
  readonly listenerPath?: string;
  readonly listenerMetadata?: string;
  readonly syscalls?: readonly LinuxSyscall[];
}

export interface LinuxSyscall {
  readonly names: readonly string[];
  readonly action: SeccompAction;
  readonly errnoRet?: number;
  readonly args?: readonly LinuxSeccompArg[];
}

export interface LinuxSeccompArg {
  readonly index: number;
  readonly value: number;
  /** The compared value for SCMP_CMP_MASKED_EQ, where `value` is the mask. */
  readonly valueTwo?: number;
  readonly op: SeccompOperator;
}

export interface LinuxIntelRdt {
  readonly closID?: string;
  readonly schemata?: readonly string[];
  readonly l3CacheSchema?: string;
  readonly memBwSchema?: string;
  readonly enableMonitoring?: boolean;
  readonly enableCMT?: boolean;
  readonly enableMBM?: boolean;
}

export type MemoryPolicyMode =
  | 'MPOL_DEFAULT'
  | 'MPOL_PREFERRED'
  | 'MPOL_BIND'
  | 'MPOL_INTERLEAVE'
  | 'MPOL_LOCAL'
  | 'MPOL_PREFERRED_MANY'
  | 'MPOL_WEIGHTED_INTERLEAVE';

export type MemoryPolicyFlag = 'MPOL_F_NUMA_BALANCING' | 'MPOL_F_RELATIVE_NODES' | 'MPOL_F_STATIC_NODES';

/** set_mempolicy(2), 1.3. */
export interface LinuxMemoryPolicy {
  readonly mode: MemoryPolicyMode;
  /** "0-3,7". */
  readonly nodes?: string;
  readonly flags?: readonly MemoryPolicyFlag[];
}

export interface LinuxPersonality {
  readonly domain: 'LINUX' | 'LINUX32';
  readonly flags?: readonly string[];
}

export type ContainerStatus = 'creating' | 'created' | 'running' | 'stopped';

/** What `state` prints and hooks read on stdin; runtime.md of the specification. `paused` is runc's addition. */
export interface State {
  readonly ociVersion: string;
  readonly id: string;
  readonly status: ContainerStatus | 'paused';
  /** Absent or 0 once stopped. */
  readonly pid?: number;
  readonly bundle: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What is sent with the notify fd to `listenerPath`; config-linux.md, "The Container Process State". */
export interface ContainerProcessState {
  readonly ociVersion: string;
  /** Names of the fds sent along, in order; "seccompFd". */
  readonly fds: readonly string[];
  readonly pid: number;
  readonly metadata?: string;
  readonly state: State;
}
