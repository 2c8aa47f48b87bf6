import { normalise } from '../engine/config/capabilities.ts';
import { networksOf } from '../engine/config/network.ts';
import type {
  ContainerConfig,
  DeviceConfig,
  DiskLimit,
  HostEntry,
  Limits,
  LogConfig,
  PortConfig,
  Rlimit,
  SecurityConfig,
} from '../engine/config/types.ts';
import { DEFAULT_SHM_SIZE, MASKED_PATHS, READONLY_PATHS } from '../spec/defaults.ts';
import { orNull } from './inspect-config.ts';
import { bindTexts, mountRequests, tmpfsTexts } from './inspect-mounts.ts';

/** `HostConfig` of docker inspect: what was asked for, Docker's empty value for what was not. */
export function describeHostConfig(config: ContainerConfig) {
  const { autoRemove, annotations, mounts = [], readOnly, security = {}, shmSize, sysctls } = config;
  const [requests, tmpfs] = [mountRequests(mounts), tmpfsTexts(mounts)];
  const { pid, uts, user } = config.namespaces ?? {};
  return {
    Binds: orNull(bindTexts(mounts)),
    ContainerIDFile: '',
    LogConfig: logging(config.log),
    NetworkMode: networkMode(config),
    PortBindings: portBindings(config.ports),
    RestartPolicy: restartPolicy(config.restart),
    AutoRemove: autoRemove ?? false,
    VolumeDriver: '',
    VolumesFrom: orNull(config.volumesFrom),
    ConsoleSize: [0, 0],
    ...(isFilled(annotations) && { Annotations: annotations }),
    ...capabilities(security),
    CgroupnsMode: modeText(config.namespaces?.cgroup ?? 'private'),
    ...lookup(config),
    GroupAdd: orNull(config.groups),
    IpcMode: modeText(config.namespaces?.ipc ?? 'private'),
    Cgroup: '',
    Links: null,
    OomScoreAdj: config.limits?.oomScoreAdj ?? 0,
    PidMode: modeOrDefault(pid),
    Privileged: security.privileged ?? false,
    PublishAllPorts: config.publishAll ?? false,
    ReadonlyRootfs: readOnly ?? false,
    SecurityOpt: orNull(securityOptions(security)),
    ...(isFilled(tmpfs) && { Tmpfs: tmpfs }),
    UTSMode: modeOrDefault(uts),
    UsernsMode: user ?? '',
    ShmSize: shmSize || DEFAULT_SHM_SIZE,
    ...(isFilled(sysctls) && { Sysctls: sysctls }),
    Runtime: 'tinyrunc',
    Isolation: '',
    ...limits(config),
    ...(requests.length > 0 && { Mounts: requests }),
    MaskedPaths: security.privileged ? null : MASKED_PATHS,
    ReadonlyPaths: security.privileged ? null : READONLY_PATHS,
    ...(config.init !== undefined && { Init: config.init }),
  };
}

/** Docker's options are texts; those that were given. */
function logging(log: LogConfig = { driver: 'json-file' }) {
  if (log.driver === 'none') return { Type: 'none', Config: {} };
  const { bytes, files } = log;
  const options = {
    ...(files !== undefined && { 'max-file': `${files}` }),
    ...(bytes !== undefined && { 'max-size': `${bytes}` }),
  };
  return { Type: 'json-file', Config: options };
}

const isFilled = (table: object | undefined): boolean => table !== undefined && Object.keys(table).length > 0;

type Mode = string | { readonly container: string };

/** A record of version 1 does not tell which other container it was. */
const modeText = (mode: Mode): string => {
  if (typeof mode === 'string') return mode;
  return mode.container === '' ? '' : `container:${mode.container}`;
};

/** Docker has no word for a namespace of its own where that is the rule. */
const modeOrDefault = (mode: Mode = 'private'): string => (mode === 'private' ? '' : modeText(mode));

/** Of several networks the first. */
export function networkMode(config: ContainerConfig): string {
  const { network } = config;
  return typeof network === 'string' || (network && 'container' in network)
    ? modeText(network)
    : (networksOf(config)[0]?.network ?? 'none');
}

/** Docker's `PortBindings`: by port and protocol, its places on the host. */
export function portBindings(ports: readonly PortConfig[] = []) {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { protocol, container, host, address = '', count, choices = 1 } of ports)
    for (let index = 0; index < count; index++) {
      const key = `${container + index}/${protocol}`;
      const end = choices > 1 && host !== undefined ? `-${host + choices - 1}` : '';
      const HostPort = host === undefined ? '' : `${host + index}${end}`;
      bindings[key] = [...(bindings[key] ?? []), { HostIp: address, HostPort }];
    }
  return bindings;
}

function capabilities({ capabilities: { add, drop } = {} }: SecurityConfig) {
  const names = (list: readonly string[] | undefined, field: string) =>
    orNull(list?.map((name) => normalise(name, field)));
  return {
    CapAdd: names(add, 'security.capabilities.add'),
    CapDrop: names(drop, 'security.capabilities.drop'),
  };
}

function lookup({ names = {} }: ContainerConfig) {
  const { servers = [], options = [], search = [], hosts } = names;
  const text = ({ name, address }: HostEntry) => `${name}:${address}`;
  return { Dns: servers, DnsOptions: options, DnsSearch: search, ExtraHosts: orNull(hosts?.map(text)) };
}

/** As --security-opt takes them; a profile by its text, as Docker keeps it. */
function securityOptions({ noNewPrivileges, seccomp, apparmor, labels = [] }: SecurityConfig): string[] {
  const profile = typeof seccomp === 'object' ? seccomp.text : seccomp === 'default' ? 'builtin' : seccomp;
  return [
    ...(noNewPrivileges ? ['no-new-privileges'] : []),
    ...(profile === undefined ? [] : [`seccomp=${profile}`]),
    ...(apparmor === undefined ? [] : [`apparmor=${apparmor}`]),
    ...labels.map((label) => `label=${label}`),
  ];
}

function limits(config: ContainerConfig) {
  const { limits: asked = {}, devices = [], deviceRules, vendorDevices, cgroupParent = '' } = config;
  return {
    CpuShares: asked.cpuShares ?? 0,
    Memory: asked.memory ?? 0,
    NanoCpus: Math.round((asked.cpus ?? 0) * 1e9),
    CgroupParent: cgroupParent,
    BlkioWeight: asked.ioWeight ?? 0,
    BlkioWeightDevice: disksOf(asked, 'weight').map(({ path, value }) => ({ Path: path, Weight: value })),
    BlkioDeviceReadBps: ratesOf(asked, 'readBps'),
    BlkioDeviceWriteBps: ratesOf(asked, 'writeBps'),
    BlkioDeviceReadIOps: ratesOf(asked, 'readIops'),
    BlkioDeviceWriteIOps: ratesOf(asked, 'writeIops'),
    CpuPeriod: asked.cpuPeriod ?? 0,
    CpuQuota: asked.cpuQuota ?? 0,
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpusetCpus: asked.cpusetCpus ?? '',
    CpusetMems: asked.cpusetMems ?? '',
    Devices: devices.map(deviceText),
    DeviceCgroupRules: orNull(deviceRules),
    DeviceRequests: vendorDevices
      ? [{ Driver: 'cdi', Count: 0, DeviceIDs: vendorDevices, Capabilities: null, Options: null }]
      : null,
    MemoryReservation: asked.memoryReservation ?? 0,
    MemorySwap: memorySwap(asked),
    MemorySwappiness: null,
    OomKillDisable: false,
    PidsLimit: asked.pids ?? null,
    Ulimits: (asked.rlimits ?? []).map(({ name, soft, hard }: Rlimit) => ({
      Name: name,
      Hard: hard,
      Soft: soft,
    })),
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
  };
}

const disksOf = ({ disks = [] }: Limits, of: DiskLimit['of']) => disks.filter((disk) => disk.of === of);

const ratesOf = (asked: Limits, of: DiskLimit['of']) =>
  disksOf(asked, of).map(({ path, value }) => ({ Path: path, Rate: value }));

/** Docker fills in what it comes to without a word. */
const memorySwap = ({ memory = 0, memorySwap: swap = 0 }: Limits): number => swap || 2 * memory;

const deviceText = ({ host, path = host, access = 'rwm' }: DeviceConfig) => ({
  PathOnHost: host,
  PathInContainer: path,
  CgroupPermissions: access,
});

/** Docker's word for `failure`. */
const restartPolicy = ({ on, atMost = 0 }: NonNullable<ContainerConfig['restart']> = { on: 'no' }) => ({
  Name: on === 'failure' ? 'on-failure' : on,
  MaximumRetryCount: atMost,
});
