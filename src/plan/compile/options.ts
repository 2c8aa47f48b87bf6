import type { LinuxIDMapping } from '../../spec/types.ts';
import type { Contribution } from '../contribution.ts';
import type { StepArgs } from '../steps.gen.ts';
import type { Plan } from '../types.ts';

/** Where the root filesystem comes from; absolute paths of the host. */
export type RootfsSource =
  | { readonly kind: 'directory'; readonly path: string; readonly idmap?: IdMaps }
  | {
      readonly kind: 'overlay';
      /** An empty directory that the overlay is attached over. */
      readonly mountpoint: string;
      /** Top layer first. */
      readonly lowers: readonly string[];
      /** Absent: read-only. */
      readonly upper?: string;
      readonly work?: string;
      /** A directory of short links for kernels before 6.7, see the step rootfsOverlay. */
      readonly base?: string;
      /** overlayfs.rst: "metacopy=off", "userxattr" … */
      readonly options?: readonly string[];
      /** For a new user namespace: below `trees`, which hold the lowers, ids are mapped (Linux 5.19). */
      readonly idmap?: IdMaps & { readonly trees: readonly string[] };
    };

export interface IdMaps {
  readonly uidMappings: readonly LinuxIDMapping[];
  readonly gidMappings: readonly LinuxIDMapping[];
}

/** What a root filesystem must have, whatever its image has there. Absolute paths. */
export interface PlainPaths {
  /** Directories, and so is all that leads to them. */
  readonly dirs: readonly string[];
  /** Files in such directories; what the image has of a file stays. */
  readonly files: readonly string[];
  /** Symbolic links, made where there is nothing. */
  readonly links: Readonly<Record<string, string>>;
  /** Directories wherever the image's links lead, made where missing. */
  readonly mountpoints: readonly string[];
}

export interface CgroupChoice {
  /** Path below the cgroup2 mount: '/tinyrun/ID'. */
  readonly path: string;
  /** external: somebody else (systemd) makes it at the yield YIELD.cgroup and puts the process in. */
  readonly manager: 'fs' | 'external';
}

/** A file system on a directory of the host. */
export interface HostMount {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  /** mount(8)'s. */
  readonly options: readonly string[];
}

/** What a network device of the host has, that shall be the container's. */
export interface NetDevice {
  /** Its name in the container. */
  readonly as: string;
  /** What goes along, and comes back with it: 192.0.2.7/24, 2001:db8::7/64. */
  readonly addresses: readonly string[];
  readonly up: boolean;
}

/** What the spec leaves open. */
export interface CompileOptions {
  readonly id: string;
  /** Absolute; relative paths of the spec start here. */
  readonly bundle: string;
  readonly rootfs: RootfsSource;
  /** Paths of the root that are made what they should be, before anything is mounted: links of the image are replaced. */
  readonly plain?: PlainPaths;
  /** Mounts of the host, made before the container is born and taken back with it. */
  readonly hostMounts?: readonly HostMount[] | undefined;
  /** By a mount's destination: the directory that its source is below, whatever links are on the way. */
  readonly beneath?: Readonly<Record<string, string>> | undefined;
  /** Without: from linux.cgroupsPath, as runc's fs driver reads it. */
  readonly cgroup?: CgroupChoice;
  /** Its processes are in a cgroup below the one that is limited, and may divide it: for whom writes to /sys/fs/cgroup. */
  readonly nested?: boolean;
  /** linux.seccomp compiled by the addon: struct sock_filter bytes and SECCOMP_FILTER_FLAG_*. */
  readonly seccomp?: { readonly filter: Uint8Array; readonly flags: number };
  /** What the kernel is to learn of process.apparmorProfile, compiled by apparmor_parser(8), where it does not know it yet. */
  readonly apparmor?: Uint8Array;
  /** exec: straight to execve, awaited (run). fifo: wait for one byte from this fifo, which the plan makes (create). */
  readonly wait: { readonly kind: 'exec' } | { readonly kind: 'fifo'; readonly path: string };
  /** A limit whose controller is not on cgroup v2: fail (tinyrun) or collect a warning (tinyrunc). */
  readonly onMissingController?: 'refuse' | 'warn';
  /** Files that the output goes to become the program's user's, as runc has it; without, pipes and sockets alone. */
  readonly giveFiles?: boolean;
  /** Those of linux.netDevices, by their names on the host. */
  readonly netDevices?: Readonly<Record<string, NetDevice>>;
  /** What its networks add to it, in their order. */
  readonly contributions?: readonly Contribution[] | undefined;
  /** fds 3 … 3+n-1 stay open. */
  readonly preserveFds?: number;
  readonly noPivot?: boolean;
  readonly noNewKeyring?: boolean;
  /** The container ends with its command. */
  readonly dieWithParent?: boolean;
  /** tinyrun-init stays as PID 1, forwards signals and reaps. */
  readonly init?: boolean;
  /** The program has no input: its own /dev/null takes the place of what fd 0 is. */
  readonly nullInput?: boolean;
  /** Lines end on the terminal as the program writes them: for who passes its output on to a terminal that has ONLCR. */
  readonly lineEndsStay?: boolean;
  /** The terminal's size; process.consoleSize without. */
  readonly console?: { readonly rows: number; readonly columns: number };
  /**
   * What tells others of the container, whose cgroup the compiler knows: written once there is a pid, while the container
   * goes on being set up. Its program does not run before that: who reads a state.json finds the program there.
   */
  readonly publish?: (cgroup: string | undefined) => StepArgs['publish'];
}

/** Of a nested one, below its cgroup: its own, and one for what is run in it from outside, which must not be in a divided one. */
export const NESTED = { own: 'payload', beside: 'beside' } as const;

/** Tags of yield steps: what Node is asked to do. */
export const YIELD = {
  /** prestart and createRuntime hooks. */
  hooks: 1,
  /** Make the cgroup and put the process in (manager external). */
  cgroup: 2,
  /** Send the seccomp notify fd to linux.seccomp.listenerPath. */
  seccomp: 3,
} as const;

/** Stages of sync steps. */
export const STAGE = {
  forked: 0,
  hooks: 1,
  seccomp: 2,
  cgroup: 3,
  state: 4,
  limits: 5,
  devices: 6,
  network: 7,
} as const;

export interface Compiled {
  readonly plan: Plan;
  /** One line each, for the log. */
  readonly warnings: readonly string[];
  /** Absolute path of the container's cgroup2 directory. */
  readonly cgroup?: string;
  /** Slots whose fds the host lane ends up with. */
  readonly slots: {
    readonly console?: number;
    readonly seccomp?: number;
    readonly first?: number;
    readonly joined?: number;
  };
}
