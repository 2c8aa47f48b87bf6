import type { Platform } from '../../image/types.ts';

/**
 * What a container is asked to be: the one input of the engine, written by flags, by a program, and by whatever face comes.
 * Plain JSON, units resolved, the caller's environment and directory already read. Every value is checked by the engine,
 * which throws {@link ConfigError} naming the field. How it is made and run is no property of it: `RunControl`.
 */
export interface ContainerConfig {
  /** `busybox`, `registry:5000/team/app:1.2@sha256:…`. */
  readonly image: string;
  /** Which of an image of many platforms. */
  readonly platform?: Platform | undefined;
  /** Replaces the image's Cmd. */
  readonly args?: readonly string[] | undefined;
  /** Replaces the image's Entrypoint and drops its Cmd; `[]` resets both. */
  readonly entrypoint?: readonly string[] | undefined;
  /** `KEY=VALUE`, or `KEY` to remove it; later ones win. */
  readonly env?: readonly string[] | undefined;
  /** Absolute path in the container; made when missing. */
  readonly workdir?: string | undefined;
  /** `name|uid[:group|gid]`; names are the image's. */
  readonly user?: string | undefined;
  /** More groups, by name or number. */
  readonly groups?: readonly string[] | undefined;
  /** Default: the first 12 digits of the id. */
  readonly hostname?: string | undefined;
  readonly domainname?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Of the OCI spec. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly tty?: boolean | undefined;
  /** Keep standard input open; /dev/null otherwise. */
  readonly openStdin?: boolean | undefined;
  /** tinyrun-init stays as PID 1, forwards signals and reaps. */
  readonly init?: boolean | undefined;
  /**
   * systemd as PID 1: directories in memory where it wants them, a cgroup that it may divide, SIGRTMIN+3 to end it. `true`,
   * the default: where the program is named as one (`systemd`, `/sbin/init`); `always`: whatever it is.
   */
  readonly systemd?: boolean | 'always' | undefined;
  /** The root file system cannot be written. */
  readonly readOnly?: boolean | undefined;
  /** How it is asked to end, and how long it may take (10000 without; -1: as long as it likes) before it is killed. */
  readonly stop?: { readonly signal?: number | undefined; readonly graceMs?: number | undefined } | undefined;
  /** Whether it is started again when it has ended: never without. Waits longer each time, up to a minute. */
  readonly restart?: RestartConfig | undefined;
  /** What of its output is kept for `logs`: files of 10 MB, three of them, without. */
  readonly log?: LogConfig | undefined;
  /** What tells how it is; what is missing is its image's, or Docker's default. */
  readonly health?: HealthConfig | undefined;
  /** Remove the container when it ends. */
  readonly autoRemove?: boolean | undefined;
  readonly mounts?: readonly MountConfig[] | undefined;
  /** Containers whose volumes and binds it has, too: `NAME`, `NAME:ro`. */
  readonly volumesFrom?: readonly string[] | undefined;
  /** Bytes of /dev/shm; 64 MiB without, and for 0. */
  readonly shmSize?: number | undefined;
  readonly devices?: readonly DeviceConfig[] | undefined;
  /** Devices by what their vendors say of them (CDI): `vendor.com/class=name`. */
  readonly vendorDevices?: readonly string[] | undefined;
  /** Devices that may be made and opened, though none is there: `c 189:* rwm`. */
  readonly deviceRules?: readonly string[] | undefined;
  /** The cgroup that its own is made in: a path from the root of the tree, or a slice of systemd's, `web.slice`. */
  readonly cgroupParent?: string | undefined;
  /** Ports that its program listens on, `80/tcp`: for who reads it, and for `publishAll`. */
  readonly exposed?: readonly string[] | undefined;
  readonly limits?: Limits | undefined;
  /** Settings of the kernel that belong to a namespace: `net.core.somaxconn`. */
  readonly sysctls?: Readonly<Record<string, string>> | undefined;
  readonly namespaces?: Namespaces | undefined;
  /** `none` (loopback only), the host's, another container's, or networks it is attached to; without, the network `bridge`. */
  readonly network?: 'none' | 'host' | OtherContainer | readonly NetworkConfig[] | undefined;
  /** Ports of the host that lead to its own. */
  readonly ports?: readonly PortConfig[] | undefined;
  /** Every exposed port, its image's and its own, at a free one of the host. */
  readonly publishAll?: boolean | undefined;
  /** An address of the host: where those of `publishAll` are; without, all. */
  readonly publishHost?: string | undefined;
  readonly names?: NameLookup | undefined;
  readonly security?: SecurityConfig | undefined;
}

/** When a container is started again; `stop` ends it for good, and so does `kill`. */
export interface RestartConfig {
  /** `unless-stopped` differs from `always` in who was stopped before the host went down: it stays so. */
  readonly on: 'no' | 'failure' | 'always' | 'unless-stopped';
  /** Of `failure`, how often; 0, the default: as often as it fails. */
  readonly atMost?: number | undefined;
}

/** What a further process of a running container is asked to be. */
export interface ExecConfig extends Pick<ContainerConfig, 'env' | 'tty' | 'openStdin'> {
  /** The program and its arguments. */
  readonly args: readonly string[];
  /** Absolute path in the container; its own working directory without. */
  readonly workdir?: string | undefined;
  /** `name|uid[:group|gid]`; names are the container's as it is now. Its own user without. */
  readonly user?: string | undefined;
  /** Every capability that this process has; the container's seccomp filter stays. */
  readonly privileged?: boolean | undefined;
}

/** By id, its beginning, or name; it must be running. */
export interface OtherContainer {
  readonly container: string;
}

/** A network that a container is attached to, and what it has there. */
export interface NetworkConfig {
  /** Its name, id, or the beginning of its id; `bridge` is the one that is always there. */
  readonly network: string;
  /** Names besides the container's own, in this network; several containers may have the same. */
  readonly aliases?: readonly string[] | undefined;
  /** Addresses of its subnets; free ones without. */
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
  /** `02:42:ac:11:00:02`; made from the address without. */
  readonly mac?: string | undefined;
  /** Of several networks the highest has the default route, 0 without; of equals the first by name. */
  readonly gatewayPriority?: number | undefined;
  /** What its end is called in the container: `eth0` and so on without. */
  readonly interfaceName?: string | undefined;
  /** What it calls other containers, which need not be there yet: alias → name or id. */
  readonly links?: Readonly<Record<string, string>> | undefined;
  /** Of the driver: `com.docker.network.endpoint.ifname`. */
  readonly options?: Readonly<Record<string, string>> | undefined;
}

/** One port of a container, or several in a row, that ports of the host lead to. */
export interface PortConfig {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** The first one. */
  readonly container: number;
  /** The first one of the host's; any free ones without. */
  readonly host?: number | undefined;
  /** One of the host's addresses; without what the network says, which is all of both families. */
  readonly address?: string | undefined;
  /** How many in a row, each to its own. */
  readonly count: number;
  /** Of a single one: any free port among so many from `host` on. */
  readonly choices?: number | undefined;
}

/** A program that is run in a container now and then (Docker's HEALTHCHECK). Times of 0 are the image's, too. */
export interface HealthConfig {
  /** `['CMD', PROGRAM, …]`, `['CMD-SHELL', SCRIPT]`, or `['NONE']`: nothing, whatever the image has. */
  readonly test?: readonly string[] | undefined;
  /** Between two of them; 30000 without. */
  readonly intervalMs?: number | undefined;
  /** What one may take; 30000 without. */
  readonly timeoutMs?: number | undefined;
  /** What its start may take, in which failures are none; 0 without. */
  readonly startPeriodMs?: number | undefined;
  /** Between two of them meanwhile; 5000 without. */
  readonly startIntervalMs?: number | undefined;
  /** Failures on end that make it unhealthy; 3 without. */
  readonly retries?: number | undefined;
}

export type LogConfig = { readonly driver: 'none' } | JsonFileConfig;

/** Docker's json-file: a line of JSON for each line that is written. */
export interface JsonFileConfig {
  readonly driver: 'json-file';
  /** Bytes that one file has before the next is begun; -1 is no limit. */
  readonly bytes?: number | undefined;
  /** Files at most, the oldest goes first. */
  readonly files?: number | undefined;
}

export type NamespaceMode = 'private' | 'host' | OtherContainer;

export interface Namespaces {
  readonly pid?: NamespaceMode | undefined;
  /** With the /dev/shm that belongs to it; `none`: without one. `shareable` is Docker's word for private. */
  readonly ipc?: NamespaceMode | 'none' | 'shareable' | undefined;
  readonly uts?: NamespaceMode | undefined;
  readonly cgroup?: NamespaceMode | undefined;
  /** The host's unless asked for. */
  readonly user?: 'private' | 'host' | undefined;
}

export type Propagation = 'private' | 'rprivate' | 'shared' | 'rshared' | 'slave' | 'rslave';

/** Shared with other containers, or its own. */
export type Relabel = 'z' | 'Z';

export interface BindConfig {
  readonly kind: 'bind';
  /** Absolute path on the host. */
  readonly source: string;
  /** Make the directory where there is nothing; otherwise that is refused. */
  readonly createSource?: boolean | undefined;
  readonly target: string;
  /** All the way down, but for `readOnlyBelow: false`. */
  readonly readOnly?: boolean | undefined;
  readonly readOnlyBelow?: boolean | undefined;
  /** What is mounted below the source, too; true without. */
  readonly recursive?: boolean | undefined;
  /** `rprivate` without. */
  readonly propagation?: Propagation | undefined;
  /** To label its files for SELinux is asked for, which nobody does here. */
  readonly relabel?: Relabel | undefined;
}

export interface TmpfsConfig {
  readonly kind: 'tmpfs';
  readonly target: string;
  /** Of mount(8) and tmpfs(5): `size=64m`, `exec`; noexec, nosuid and nodev without. */
  readonly options?: readonly string[] | undefined;
}

/** A directory of its own under the data root, which outlives containers. */
export interface VolumeConfig {
  readonly kind: 'volume';
  /** Made where there is none. Missing: one that is this container's alone. */
  readonly name?: string | undefined;
  readonly target: string;
  readonly readOnly?: boolean | undefined;
  /** What the image has at the target is not copied into a new one. */
  readonly noCopy?: boolean | undefined;
  /** Of one that is made for it. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** `local` is the one there is. */
  readonly driver?: string | undefined;
  /** Of the driver, for one that is made for it: `type`, `device`, `o`. */
  readonly options?: Readonly<Record<string, string>> | undefined;
  /** What of it is mounted, which must be there; no link leads out of it. Nothing is copied from the image then. */
  readonly subpath?: string | undefined;
  /** Told of among the mounts, not among the binds, as Docker’s API has either. */
  readonly asMount?: boolean | undefined;
  readonly relabel?: Relabel | undefined;
}

/** The files of an image that is stored, which cannot be written. */
export interface ImageMountConfig {
  readonly kind: 'image';
  readonly image: string;
  readonly target: string;
  /** What of it is mounted, which must be there; no link leads out of it. */
  readonly subpath?: string | undefined;
}

export type MountConfig = BindConfig | TmpfsConfig | VolumeConfig | ImageMountConfig;

export interface DeviceConfig {
  /** A device of the host, or a directory with some. */
  readonly host: string;
  /** Where it is in the container; the same place without. */
  readonly path?: string | undefined;
  /** Letters of `rwm`: read, write, mknod; all of them without. */
  readonly access?: string | undefined;
}

/** 0 is no limit, but for `pids`, `rlimits` and `oomScoreAdj`. */
export interface Limits {
  /** Bytes, at least 6 MiB. */
  readonly memory?: number | undefined;
  /** Bytes of memory plus swap, twice the memory without; -1 is no limit. */
  readonly memorySwap?: number | undefined;
  /** Bytes that are kept for it. */
  readonly memoryReservation?: number | undefined;
  /** Processors: 1.5. */
  readonly cpus?: number | undefined;
  /** Microseconds of each period, in place of `cpus`; -1 is no limit. */
  readonly cpuQuota?: number | undefined;
  /** Microseconds: 100000 without. */
  readonly cpuPeriod?: number | undefined;
  /** Relative weight, 1024 is the norm. */
  readonly cpuShares?: number | undefined;
  /** `0-2,7`. */
  readonly cpusetCpus?: string | undefined;
  readonly cpusetMems?: string | undefined;
  /** 2048 without; below 1 is no limit. */
  readonly pids?: number | undefined;
  readonly rlimits?: readonly Rlimit[] | undefined;
  /** How ready the kernel is to kill it, -1000 to 1000. */
  readonly oomScoreAdj?: number | undefined;
  /** Its share when disks are busy, 10 to 1000. */
  readonly ioWeight?: number | undefined;
  readonly disks?: readonly DiskLimit[] | undefined;
  /** cgroup v2 has none of these; they are discarded, and said to be: percent. */
  readonly memorySwappiness?: number | undefined;
  /** Bytes. */
  readonly kernelMemory?: number | undefined;
  readonly oomKillDisable?: boolean | undefined;
  /** Nor of these, which are refused: microseconds. */
  readonly cpuRtPeriod?: number | undefined;
  readonly cpuRtRuntime?: number | undefined;
}

/** Of one block device: its own `ioWeight`, or bytes or operations a second. */
export interface DiskLimit {
  /** `/dev/sda`. */
  readonly path: string;
  readonly of: 'weight' | 'readBps' | 'writeBps' | 'readIops' | 'writeIops';
  /** 0 is none. */
  readonly value: number;
}

/** setrlimit(2); -1 is no limit. */
export interface Rlimit {
  /** `nofile`. */
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** How names are looked up: /etc/hosts and /etc/resolv.conf, in place of what the host's says. */
export interface NameLookup {
  /** Addresses. */
  readonly servers?: readonly string[] | undefined;
  /** Domains; `.` is none. */
  readonly search?: readonly string[] | undefined;
  /** `ndots:2`. */
  readonly options?: readonly string[] | undefined;
  readonly hosts?: readonly HostEntry[] | undefined;
}

export interface HostEntry {
  readonly name: string;
  /** `host-gateway` is the host, with the host's network. */
  readonly address: string;
}

export interface SecurityConfig {
  readonly privileged?: boolean | undefined;
  /** `NET_ADMIN`, `CAP_NET_ADMIN`, `ALL`; an added one wins over a dropped ALL. */
  readonly capabilities?:
    | { readonly add?: readonly string[] | undefined; readonly drop?: readonly string[] | undefined }
    | undefined;
  readonly seccomp?: 'default' | 'unconfined' | SeccompProfile | undefined;
  /** Name of a loaded profile, or `unconfined`. */
  readonly apparmor?: string | undefined;
  readonly noNewPrivileges?: boolean | undefined;
  /** SELinux label parts; `disable` alone is nothing to do. */
  readonly labels?: readonly string[] | undefined;
}

/** Docker's form of a seccomp profile, or `linux.seccomp` of a config.json. */
export interface SeccompProfile {
  /** What errors call it. */
  readonly name: string;
  readonly text: string;
}
