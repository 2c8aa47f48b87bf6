import type { SystemInfo } from '../engine/info.ts';
import { binarySize } from './units.ts';

/** Of Docker's API, whose documents and rows ours are like. */
export const API_VERSION = '1.50';

/** `docker info` under Docker's names: those that mean something here. */
export function infoDocument(info: SystemInfo, version: string) {
  const { containers, controllers, roots } = info;
  const has = (name: string): boolean => controllers.includes(name);
  return {
    Containers: containers.running + containers.paused + containers.stopped,
    ContainersRunning: containers.running,
    ContainersPaused: containers.paused,
    ContainersStopped: containers.stopped,
    Images: info.images,
    Driver: 'overlay2',
    DriverStatus: info.backing === undefined ? [] : [['Backing Filesystem', info.backing]],
    MemoryLimit: has('memory'),
    SwapLimit: has('memory'),
    CpuCfsPeriod: has('cpu'),
    CpuCfsQuota: has('cpu'),
    CPUShares: has('cpu'),
    CPUSet: has('cpuset'),
    PidsLimit: has('pids'),
    LoggingDriver: 'json-file',
    CgroupDriver: info.cgroup === 'v1' || info.cgroup === 'none' ? 'none' : 'cgroupfs',
    CgroupVersion: info.cgroup === 'v1' ? '1' : '2',
    KernelVersion: info.kernel,
    OperatingSystem: info.system,
    OSType: 'linux',
    Architecture: info.architecture,
    NCPU: info.processors,
    MemTotal: info.memory,
    Name: info.host,
    Labels: [],
    DockerRootDir: roots.dataRoot,
    ServerVersion: version,
    DefaultRuntime: 'tinyrunc',
    Runtimes: { tinyrunc: { path: 'tinyrunc' } },
    SecurityOptions: [
      ...(info.apparmor ? ['name=apparmor'] : []),
      'name=seccomp,profile=builtin',
      'name=cgroupns',
    ],
    Warnings: warningsOf(has),
    ClientInfo: { Version: version, Context: 'default', Debug: false },
  };
}

const LIMITS = [
  ['memory', 'No memory limit support'],
  ['memory', 'No swap limit support'],
  ['cpu', 'No cpu cfs quota support'],
  ['cpu', 'No cpu shares support'],
  ['cpuset', 'No cpuset support'],
  ['pids', 'No pids limit support'],
] as const;

const warningsOf = (has: (name: string) => boolean): string[] =>
  LIMITS.flatMap(([name, words]) => (has(name) ? [] : [`WARNING: ${words}`]));

export type InfoDocument = ReturnType<typeof infoDocument>;

/** The same for people, as Docker lays it out. */
export function infoText(info: InfoDocument): string {
  const security = info.SecurityOptions.flatMap((option) => {
    const [name = '', ...more] = option.split(',').map((part) => part.split('='));
    return [
      `  ${name[1]}`,
      ...more.map(([key = '', value]) => `   ${key[0]?.toUpperCase()}${key.slice(1)}: ${value}`),
    ];
  });
  return [
    'Client:',
    ` Version:    ${info.ClientInfo.Version}`,
    ` Context:    ${info.ClientInfo.Context}`,
    '',
    'Server:',
    ` Containers: ${info.Containers}`,
    `  Running: ${info.ContainersRunning}`,
    `  Paused: ${info.ContainersPaused}`,
    `  Stopped: ${info.ContainersStopped}`,
    ` Images: ${info.Images}`,
    ` Server Version: ${info.ServerVersion}`,
    ` Storage Driver: ${info.Driver}`,
    ...info.DriverStatus.map(([name, value]) => `  ${name}: ${value}`),
    ` Logging Driver: ${info.LoggingDriver}`,
    ` Cgroup Driver: ${info.CgroupDriver}`,
    ` Cgroup Version: ${info.CgroupVersion}`,
    ` Runtimes: ${Object.keys(info.Runtimes).join(' ')}`,
    ` Default Runtime: ${info.DefaultRuntime}`,
    ' Security Options:',
    ...security,
    ` Kernel Version: ${info.KernelVersion}`,
    ` Operating System: ${info.OperatingSystem}`,
    ` OSType: ${info.OSType}`,
    ` Architecture: ${info.Architecture}`,
    ` CPUs: ${info.NCPU}`,
    ` Total Memory: ${binarySize(info.MemTotal)}`,
    ` Name: ${info.Name}`,
    ` Docker Root Dir: ${info.DockerRootDir}`,
    '',
  ].join('\n');
}

/** Members under the names of Docker's types, which templates use, and in JSON under those of its documents. */
class Named {
  constructor(members: object) {
    Object.assign(this, members);
  }
  toJSON(): object {
    return Object.fromEntries(
      Object.entries(this).map(([name, value]) => [name === 'APIVersion' ? 'ApiVersion' : name, value]),
    );
  }
}

export interface Build {
  readonly version: string;
  readonly commit: string;
  readonly node: string;
  readonly os: string;
  readonly architecture: string;
  readonly kernel: string;
}

/** `docker version`: client and server are the same program. */
export function versionDocument(build: Build) {
  const common = {
    Platform: { Name: 'tinyrun' },
    Version: build.version,
    APIVersion: API_VERSION,
    GitCommit: build.commit,
    NodeVersion: build.node,
    Os: build.os,
    Arch: build.architecture,
  };
  const details = {
    ApiVersion: API_VERSION,
    GitCommit: build.commit,
    Os: build.os,
    Arch: build.architecture,
  };
  return {
    Client: new Named({ ...common, DefaultAPIVersion: API_VERSION, Context: 'default' }),
    Server: new Named({
      ...common,
      MinAPIVersion: API_VERSION,
      KernelVersion: build.kernel,
      Experimental: false,
      Components: [
        { Name: 'Engine', Version: build.version, Details: details },
        { Name: 'tinyrunc', Version: build.version, Details: { GitCommit: build.commit } },
      ],
    }),
  };
}

/** The same for people. */
export function versionText({ version, commit, node, os, architecture }: Build): string {
  const lines = (indent: string, api: string) =>
    (
      [
        ['Version', version],
        ['API version', api],
        ['Node version', node],
        ['Git commit', commit],
        ['OS/Arch', `${os}/${architecture}`],
      ] as const
    ).map(([name, value]) => `${indent}${`${name}:`.padEnd(20 - indent.length)}${value}`);
  return [
    'Client:',
    ...lines(' ', API_VERSION),
    ` ${'Context:'.padEnd(19)}default`,
    '',
    'Server:',
    ' Engine:',
    ...lines('  ', `${API_VERSION} (minimum version ${API_VERSION})`),
    `  ${'Experimental:'.padEnd(18)}false`,
    ' tinyrunc:',
    `  ${'Version:'.padEnd(18)}${version}`,
    `  ${'GitCommit:'.padEnd(18)}${commit}`,
    '',
  ].join('\n');
}
