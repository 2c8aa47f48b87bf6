import { TinyrunError } from '../errors.ts';
import type { ImageDefaults } from '../image/types.ts';
import type { IdMaps } from '../plan/compile/options.ts';
import { type HostFacts, holds } from '../plan/host.ts';
import {
  DEFAULT_NOFILE,
  DEFAULT_PATH,
  DEFAULT_PIDS_LIMIT,
  DEVICE_ALLOW_ALL,
  defaultMounts,
  defaultSpec,
} from '../spec/defaults.ts';
import { defaultSeccomp } from '../spec/seccomp.ts';
import type { SeccompTarget } from '../spec/seccomp-profile.ts';
import type {
  Linux,
  LinuxNamespace,
  LinuxResources,
  LinuxSeccomp,
  Mount,
  POSIXRlimit,
  Process,
  Spec,
} from '../spec/types.ts';
import type { Checked } from './config/check.ts';
import { mergeEnv } from './config/env.ts';
import { cleanTarget } from './config/mounts.ts';
import { sysctlsOf } from './config/sysctls.ts';
import type { ContainerConfig } from './config/types.ts';
import type { ResolvedUser } from './config/user.ts';
import type { ForSystemd } from './systemd.ts';

/** All that a spec is made of; everything that needed the host has been read by now. */
export interface SpecInput {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly checked: Checked;
  readonly argv: readonly string[];
  readonly image: ImageDefaults;
  readonly user: ResolvedUser;
  /** Absolute path that the root filesystem is attached to. */
  readonly rootfs: string;
  readonly host: HostFacts;
  /** The caller's hard RLIMIT_NOFILE. */
  readonly hardNofile: number;
  /** Set where the uts namespace is the container's own; HOSTNAME in any case. */
  readonly hostname: string;
  readonly namespaces: readonly LinuxNamespace[];
  /** Of a user namespace of its own; absent in the host's. */
  readonly idMaps?: IdMaps | undefined;
  /** Name of the profile; none without. */
  readonly apparmor?: string | undefined;
  /** Decides the conditions of a profile of one's own; undefined is no filter. */
  readonly readProfile?: ((target: SeccompTarget) => LinuxSeccomp | undefined) | undefined;
  /** Those asked for, then /etc/hosts and its like. */
  readonly mounts: readonly Mount[];
  /** Where that is PID 1. */
  readonly systemd?: ForSystemd | undefined;
  readonly consoleSize?: { readonly rows: number; readonly columns: number } | undefined;
}

/** The OCI spec of a container: Docker's meaning of the configuration over the hardened default. Pure. */
export function buildSpec(input: SpecInput): Spec {
  const base = defaultSpec();
  const { config } = input;
  return {
    ...base,
    process: processOf(input),
    root: { path: input.rootfs, readonly: config.readOnly === true },
    ...(isPrivate(input.namespaces, 'uts') ? { hostname: input.hostname } : {}),
    ...(config.domainname ? { domainname: config.domainname } : {}),
    mounts: allMounts(input),
    ...(config.annotations ? { annotations: config.annotations } : {}),
    linux: linuxOf(input, base.linux ?? {}),
  };
}

function processOf(input: SpecInput): Process {
  const { config, checked, image, user, apparmor, consoleSize: size } = input;
  const { capabilities: caps, oomScoreAdj } = checked;
  // as with Docker: a user other than root starts with nothing permitted, the bounding set stays
  const held = user.user.uid === 0 ? caps : [];
  return {
    terminal: config.tty === true,
    ...(size && { consoleSize: { height: size.rows, width: size.columns } }),
    // the caller's own umask is no business of the container's
    user: { ...user.user, umask: 0o022 },
    args: input.argv,
    env: environment(input),
    cwd: checked.workdir || workdirOf(image),
    capabilities: { bounding: caps, effective: held, permitted: held, inheritable: [], ambient: [] },
    rlimits: rlimitsOf(input),
    noNewPrivileges: config.security?.noNewPrivileges === true,
    ...(apparmor && apparmor !== 'unconfined' ? { apparmorProfile: apparmor } : {}),
    ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
  };
}

function environment({ config, image, user, hostname, systemd }: SpecInput): string[] {
  const defaults = [
    `PATH=${DEFAULT_PATH}`,
    ...(hostname ? [`HOSTNAME=${hostname}`] : []),
    ...(config.tty ? ['TERM=xterm'] : []),
    ...(systemd?.env ?? []),
  ];
  const merged = mergeEnv(defaults, image.Env ?? [], config.env ?? []);
  const nameless = merged.find((entry) => entry.startsWith('='));
  if (nameless !== undefined)
    throw new TinyrunError('BAD_IMAGE', `image ${config.image}: Env has ${JSON.stringify(nameless)}`, {
      hint: 'a variable needs a name: KEY=VALUE',
    });
  // an empty one counts as none, as with runc
  const kept = merged.filter((entry) => entry !== 'HOME=');
  return kept.some((entry) => entry.startsWith('HOME=')) ? kept : [...kept, `HOME=${user.home}`];
}

function workdirOf({ WorkingDir: path = '' }: ImageDefaults): string {
  if (path === '' || path.startsWith('/')) return cleanTarget(path || '/');
  throw new TinyrunError('USAGE', `working directory ${JSON.stringify(path)}: not an absolute path`);
}

function rlimitsOf({ checked: { rlimits }, host, hardNofile }: SpecInput): readonly POSIXRlimit[] {
  if (rlimits.some((limit) => limit.type === 'RLIMIT_NOFILE')) return rlimits;
  const hard = holds(host, 'CAP_SYS_RESOURCE')
    ? DEFAULT_NOFILE.hard
    : Math.min(DEFAULT_NOFILE.hard, hardNofile);
  return [{ type: 'RLIMIT_NOFILE', soft: Math.min(DEFAULT_NOFILE.soft, hard), hard }, ...rlimits];
}

function isPrivate(namespaces: readonly LinuxNamespace[], type: LinuxNamespace['type']): boolean {
  return namespaces.some((ns) => ns.type === type && ns.path === undefined);
}

/** The default mounts, less those that are replaced, then the user's own. */
function allMounts({ config, checked, namespaces, mounts, idMaps, systemd }: SpecInput): Mount[] {
  const replaced = new Set(mounts.map((mount) => cleanTarget(mount.destination)));
  if (config.namespaces?.ipc === 'none') replaced.add('/dev/shm');
  // with a /dev of one's own nothing of ours is mounted below it, either
  const stays = ({ destination }: Mount) =>
    !replaced.has(destination) && !(replaced.has('/dev') && destination.startsWith('/dev/'));
  const divides = ({ destination }: Mount) => systemd?.divides === true && destination === '/sys/fs/cgroup';
  const base = defaultMounts(checked.shmSize)
    .filter(stays)
    .map((mount) => ipcOf(namespaces, idMaps !== undefined, mount))
    .map((mount) => (config.security?.privileged || divides(mount) ? writable(mount) : mount));
  return [...base, ...(systemd?.mounts ?? []), ...mounts];
}

/**
 * With an IPC namespace goes its /dev/shm: POSIX shared memory is files there (shm_overview(7)). Its message queues are
 * what a new mqueue shows, too, which a user namespace may mount of its own IPC namespace only.
 */
function ipcOf(namespaces: readonly LinuxNamespace[], mapped: boolean, mount: Mount): Mount {
  const { destination } = mount;
  const ipc = namespaces.find(({ type }) => type === 'ipc');
  const queues = destination === '/dev/mqueue' && mapped && ipc?.path !== undefined;
  if (destination !== '/dev/shm' && !queues) return mount;
  if (ipc && ipc.path === undefined) return mount;
  const owner = ipc?.path?.replace(/\/ns\/ipc$/, '/root') ?? '';
  const options = ['rbind', 'nosuid', 'noexec', 'nodev'];
  return { destination, type: 'bind', source: `${owner}${destination}`, options };
}

function writable(mount: Mount): Mount {
  if (!mount.destination.startsWith('/sys')) return mount;
  return { ...mount, options: (mount.options ?? []).filter((option) => option !== 'ro') };
}

function linuxOf(input: SpecInput, base: Linux): Linux {
  const { config, namespaces, host } = input;
  const { devices } = input.checked.devices;
  const { maskedPaths, readonlyPaths, ...rest } = base;
  const seccomp = seccompOf(input);
  const masked = [...(maskedPaths ?? []), ...(host.thermalThrottle ?? [])];
  return {
    ...rest,
    ...input.idMaps,
    cgroupsPath: `${input.checked.cgroupParent}/${input.id}`,
    namespaces,
    sysctl: sysctlsOf(config.sysctls ?? {}, defaultSysctls(input, base), (type) =>
      isPrivate(namespaces, type),
    ),
    resources: resources(input, base.resources ?? {}),
    ...(devices.length > 0 ? { devices } : {}),
    ...(config.security?.privileged ? {} : { maskedPaths: masked, readonlyPaths: readonlyPaths ?? [] }),
    ...(seccomp ? { seccomp } : {}),
  };
}

/** The kernel takes only groups that the user namespace has. */
function defaultSysctls({ idMaps }: SpecInput, { sysctl = {} }: Linux): Readonly<Record<string, string>> {
  const groups = idMaps?.gidMappings[0]?.size;
  return groups === undefined ? sysctl : { ...sysctl, 'net.ipv4.ping_group_range': `0 ${groups - 1}` };
}

function seccompOf({ config, checked, host, readProfile }: SpecInput): Linux['seccomp'] {
  const { capabilities } = checked;
  if (config.security?.seccomp === 'unconfined') return undefined;
  if (readProfile) return readProfile({ capabilities, arch: host.arch, kernel: host.kernel });
  if (config.security?.privileged) return undefined;
  return cachedDefault(capabilities, host.arch, config.platform?.architecture === '386');
}

const defaults = new Map<string, LinuxSeccomp>();

/** The same object for the same question, so that what is derived from it (its filter) can be remembered by it. */
function cachedDefault(capabilities: readonly string[], arch: string, socketcall: boolean): LinuxSeccomp {
  const key = [arch, socketcall, ...capabilities].join();
  const profile = defaults.get(key) ?? defaultSeccomp(capabilities, arch, { socketcall });
  // a program that runs containers with ever other capabilities must not grow
  if (defaults.size > 16) defaults.clear();
  defaults.set(key, profile);
  return profile;
}

function resources({ config, checked, host }: SpecInput, base: LinuxResources): LinuxResources {
  const { resources: limits, devices } = checked;
  const pids =
    limits.pids ?? (host.cgroup.controllers.includes('pids') ? { limit: DEFAULT_PIDS_LIMIT } : undefined);
  const { pids: _, ...rest } = base;
  return {
    ...rest,
    devices: config.security?.privileged ? [DEVICE_ALLOW_ALL] : [...(base.devices ?? []), ...devices.rules],
    ...limits,
    ...(pids ? { pids } : {}),
  };
}
