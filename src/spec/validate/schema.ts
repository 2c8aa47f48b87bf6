// The form of config.json, in the order of types.ts. Rules that look at more than one field are in the files beside.

import {
  IOPRIO_CLASSES,
  MEMORY_POLICIES,
  MEMORY_POLICY_FLAGS,
  NAMESPACES,
  PERSONALITIES,
  RLIMITS,
  SCHED_FLAGS,
  SCHED_POLICIES,
} from '../linux.ts';
import { ARCHITECTURES, SECCOMP_ACTIONS, SECCOMP_FLAGS, SECCOMP_OPERATORS } from './names.ts';
import {
  absolute,
  absoluteOrEmpty,
  filled,
  flag,
  int,
  int64,
  list,
  object,
  oneOf,
  record,
  text,
  uint32,
  uint64,
} from './shape.ts';

/** setresuid(2) and chown(2) read 2^32-1 as "leave it": a container that asks for it would stay root. */
const id = int(0, 0xffff_fffe);
const texts = list(text);

const idMapping = object({ 'containerID!': id, 'hostID!': id, 'size!': int(1, 0xffff_ffff) });
const idMappings = list(idMapping);

const capabilities = object({
  bounding: texts,
  effective: texts,
  inheritable: texts,
  permitted: texts,
  ambient: texts,
});

const scheduler = object({
  'policy!': oneOf('a scheduling policy', Object.keys(SCHED_POLICIES)),
  nice: int(-20, 19),
  priority: int(0, 99),
  flags: list(oneOf('a scheduler flag', Object.keys(SCHED_FLAGS))),
  runtime: uint64,
  deadline: uint64,
  period: uint64,
});

export const processShape = object({
  terminal: flag,
  consoleSize: object({ height: int(0, 65535), width: int(0, 65535) }),
  user: object({ uid: id, gid: id, umask: int(0, 0o777), additionalGids: list(id) }),
  args: texts,
  env: texts,
  'cwd!': absolute,
  capabilities,
  rlimits: list(
    object({ 'type!': oneOf('a resource limit', Object.keys(RLIMITS)), 'hard!': uint64, 'soft!': uint64 }),
  ),
  noNewPrivileges: flag,
  apparmorProfile: text,
  oomScoreAdj: int(-1000, 1000),
  scheduler,
  selinuxLabel: text,
  ioPriority: object({
    'class!': oneOf('an I/O class', Object.keys(IOPRIO_CLASSES)),
    priority: int(0, 7),
  }),
  execCPUAffinity: object({ initial: text, final: text }),
});

const hook = object({ 'path!': absolute, args: texts, env: texts, timeout: int(1, 2 ** 31 - 1) });
const hooks = list(hook);

const mount = object({
  'destination!': text,
  type: text,
  source: text,
  options: texts,
  uidMappings: idMappings,
  gidMappings: idMappings,
});

const deviceNumber = int(-1, 0xffff_ffff);
const throttle = list(object({ 'major!': uint32, 'minor!': uint32, rate: uint64 }));
const weight = int(0, 1000);

export const resourcesShape = object({
  devices: list(
    object({
      'allow!': flag,
      type: oneOf('a device type', ['a', 'b', 'c', '']),
      major: deviceNumber,
      minor: deviceNumber,
      access: text,
    }),
  ),
  memory: object({
    limit: int64,
    reservation: int64,
    swap: int64,
    kernel: int64,
    kernelTCP: int64,
    swappiness: uint64,
    disableOOMKiller: flag,
    useHierarchy: flag,
    checkBeforeUpdate: flag,
  }),
  cpu: object({
    shares: uint64,
    quota: int64,
    burst: uint64,
    period: uint64,
    realtimeRuntime: int64,
    realtimePeriod: uint64,
    cpus: text,
    mems: text,
    idle: int64,
  }),
  pids: object({ limit: int64 }),
  blockIO: object({
    weight,
    leafWeight: weight,
    weightDevice: list(object({ 'major!': uint32, 'minor!': uint32, weight, leafWeight: weight })),
    throttleReadBpsDevice: throttle,
    throttleWriteBpsDevice: throttle,
    throttleReadIOPSDevice: throttle,
    throttleWriteIOPSDevice: throttle,
  }),
  hugepageLimits: list(object({ 'pageSize!': filled, 'limit!': uint64 })),
  network: object({
    classID: uint32,
    priorities: list(object({ 'name!': filled, 'priority!': uint32 })),
  }),
  rdma: record(object({ hcaHandles: uint32, hcaObjects: uint32 }), filled),
  unified: record(text, filled),
});

const seccompAction = oneOf('a seccomp action', SECCOMP_ACTIONS);

export const seccompShape = object({
  'defaultAction!': seccompAction,
  defaultErrnoRet: int(0, 4095),
  architectures: list(oneOf('an architecture', ARCHITECTURES)),
  flags: list(oneOf('a seccomp filter flag', SECCOMP_FLAGS)),
  listenerPath: text,
  listenerMetadata: text,
  syscalls: list(
    object({
      'names!': list(filled),
      'action!': seccompAction,
      errnoRet: int(0, 4095),
      args: list(
        object({
          'index!': int(0, 5),
          'value!': uint64,
          valueTwo: uint64,
          'op!': oneOf('a comparison', SECCOMP_OPERATORS),
        }),
      ),
    }),
  ),
});

const timeOffset = object({ secs: int64, nanosecs: int(0, 999_999_999) });

const linux = object({
  uidMappings: idMappings,
  gidMappings: idMappings,
  sysctl: record(text, filled),
  resources: resourcesShape,
  cgroupsPath: text,
  namespaces: list(object({ 'type!': oneOf('a namespace', Object.keys(NAMESPACES)), path: absoluteOrEmpty })),
  devices: list(
    object({
      'path!': absolute,
      'type!': oneOf('a device type', ['c', 'u', 'b', 'p']),
      major: uint32,
      minor: uint32,
      fileMode: uint32,
      uid: id,
      gid: id,
    }),
  ),
  netDevices: record(object({ name: text }), filled),
  seccomp: seccompShape,
  rootfsPropagation: oneOf('a mount propagation', [
    '',
    'private',
    'rprivate',
    'shared',
    'rshared',
    'slave',
    'rslave',
    'unbindable',
    'runbindable',
  ]),
  maskedPaths: list(absolute),
  readonlyPaths: list(absolute),
  mountLabel: text,
  intelRdt: object({
    closID: text,
    schemata: texts,
    l3CacheSchema: text,
    memBwSchema: text,
    enableMonitoring: flag,
    enableCMT: flag,
    enableMBM: flag,
  }),
  memoryPolicy: object({
    'mode!': oneOf('a memory policy', Object.keys(MEMORY_POLICIES)),
    nodes: text,
    flags: list(oneOf('a flag of a memory policy', Object.keys(MEMORY_POLICY_FLAGS))),
  }),
  personality: object({
    'domain!': oneOf('an execution domain', Object.keys(PERSONALITIES)),
    flags: texts,
  }),
  timeOffsets: record(timeOffset, oneOf('a clock with an offset', ['monotonic', 'boottime'])),
});

export const specShape = object({
  'ociVersion!': text,
  'process!': processShape,
  'root!': object({ 'path!': filled, readonly: flag }),
  hostname: text,
  domainname: text,
  mounts: list(mount),
  hooks: object({
    prestart: hooks,
    createRuntime: hooks,
    createContainer: hooks,
    startContainer: hooks,
    poststart: hooks,
    poststop: hooks,
  }),
  annotations: record(text, filled),
  linux,
});
