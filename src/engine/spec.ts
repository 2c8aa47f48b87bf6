import { TinyrunError } from '../errors.ts';
import type { ContainerConfig } from '../image/types.ts';
import type { IdMaps } from '../plan/compile/options.ts';
import type { HostFacts } from '../plan/host.ts';
import {
  DEFAULT_NOFILE,
  DEFAULT_PIDS_LIMIT,
  DEFAULT_SHM_SIZE,
  DEVICE_ALLOW_ALL,
  defaultMounts,
  defaultSpec,
} from '../spec/defaults.ts';
import { CAPABILITIES } from '../spec/linux.ts';
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
import { capabilitySet } from './options/capabilities.ts';
import { commandOf } from './options/command.ts';
import type { DeviceGrant } from './options/devices.ts';
import { DEFAULT_PATH, mergeEnv } from './options/env.ts';
import { parseUlimit, resourcesOf } from './options/limits.ts';
import type { SecurityOptions } from './options/security.ts';
import { parseInteger, parseSize } from './options/size.ts';
import { sysctlsOf } from './options/sysctls.ts';
import { cleanTarget } from './options/targets.ts';
import type { ResolvedUser } from './options/user.ts';
import type { RunOptions } from './types.ts';

/** All that a spec is made of; everything that needed the host has been read by now. */
export interface SpecInput {
  readonly id: string;
  readonly options: RunOptions;
  readonly image: ContainerConfig;
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
  readonly security: SecurityOptions;
  /** Decides the conditions of the profile that `seccomp=FILE` names; undefined is no filter. */
  readonly readProfile?: ((target: SeccompTarget) => LinuxSeccomp | undefined) | undefined;
  /** --env-file lines, then --env values. */
  readonly env: readonly string[];
  /** -v, --mount and --tmpfs, then /etc/hosts and its like. */
  readonly mounts: readonly Mount[];
  readonly devices: DeviceGrant;
  readonly consoleSize?: { readonly rows: number; readonly columns: number } | undefined;
}

/** The OCI spec of a container: Docker's meaning of the flags over the hardened default. Pure. */
export function buildSpec(input: SpecInput): Spec {
  const base = defaultSpec();
  const { options } = input;
  const caps = capabilitiesOf(input, base.process?.capabilities?.bounding ?? []);
  return {
    ...base,
    process: processOf(input, caps),
    root: { path: input.rootfs, readonly: options.readOnly === true },
    ...(isPrivate(input.namespaces, 'uts') ? { hostname: input.hostname } : {}),
    ...(options.domainname ? { domainname: options.domainname } : {}),
    mounts: mountsOf(input),
    ...(options.annotation?.length ? { annotations: pairs(options.annotation, '--annotation') } : {}),
    linux: linuxOf(input, caps, base.linux ?? {}),
  };
}

/** CAP_SYS_RESOURCE, without which a hard limit cannot be raised. */
const CAP_SYS_RESOURCE = 24n;

/** What the container gets of what this process has: nobody can hand on more. */
function capabilitiesOf({ options, host }: SpecInput, defaults: readonly string[]): string[] {
  const all: readonly string[] = CAPABILITIES;
  const held = all.filter((_, bit) => (host.capabilities.effective >> BigInt(bit)) & 1n);
  const { capAdd: add = [], capDrop: drop = [], privileged } = options;
  const base = privileged ? held : defaults;
  const set = capabilitySet({ base, known: all, add, drop: privileged ? [] : drop });
  const asked = add.map((name) => name.toUpperCase().replace(/^(CAP_)?/, 'CAP_'));
  const missing = asked.find((name) => name !== 'CAP_ALL' && !held.includes(name));
  if (missing)
    throw new TinyrunError(
      'PERMISSION',
      `--cap-add ${missing}: tinyrun itself does not have this capability`,
    );
  return set.filter((name) => held.includes(name));
}

function processOf(input: SpecInput, caps: readonly string[]): Process {
  const { options, image, user, security, consoleSize: size } = input;
  // as with Docker: a user other than root starts with nothing permitted, the bounding set stays
  const held = user.user.uid === 0 ? caps : [];
  const score = options.oomScoreAdj;
  return {
    terminal: options.tty === true,
    ...(size && { consoleSize: { height: size.rows, width: size.columns } }),
    // the caller's own umask is no business of the container's
    user: { ...user.user, umask: 0o022 },
    args: commandOf(options, image),
    env: environment(input),
    cwd: workdirOf(options, image),
    capabilities: { bounding: caps, effective: held, permitted: held, inheritable: [], ambient: [] },
    rlimits: rlimitsOf(input),
    noNewPrivileges: security.noNewPrivileges,
    ...(security.apparmor && security.apparmor !== 'unconfined'
      ? { apparmorProfile: security.apparmor }
      : {}),
    ...(score === undefined
      ? {}
      : { oomScoreAdj: parseInteger(score, '--oom-score-adj', { min: -1000, max: 1000 }) }),
  };
}

function environment({ options, image, user, hostname, env }: SpecInput): string[] {
  const defaults = [
    DEFAULT_PATH,
    ...(hostname ? [`HOSTNAME=${hostname}`] : []),
    ...(options.tty ? ['TERM=xterm'] : []),
  ];
  const merged = mergeEnv(defaults, image.Env ?? [], env);
  const nameless = merged.find((entry) => entry.startsWith('='));
  if (nameless !== undefined)
    throw new TinyrunError('BAD_IMAGE', `image ${options.image}: Env has ${JSON.stringify(nameless)}`, {
      hint: 'a variable needs a name: KEY=VALUE',
    });
  // an empty one counts as none, as with runc
  const kept = merged.filter((entry) => entry !== 'HOME=');
  return kept.some((entry) => entry.startsWith('HOME=')) ? kept : [...kept, `HOME=${user.home}`];
}

/** Cleaned before it is made, as runc and Docker do: of `/a/../b` there need be no /a. */
function workdirOf(options: RunOptions, image: ContainerConfig): string {
  const cwd = options.workdir || image.WorkingDir || '/';
  if (cwd.startsWith('/')) return cleanTarget(cwd);
  throw new TinyrunError('USAGE', `working directory ${JSON.stringify(cwd)}: not an absolute path`);
}

function rlimitsOf({ options, host, hardNofile }: SpecInput): POSIXRlimit[] {
  const limits = (options.ulimit ?? []).map(parseUlimit);
  if (limits.some((limit) => limit.type === 'RLIMIT_NOFILE')) return limits;
  const mayRaise = ((host.capabilities.effective >> CAP_SYS_RESOURCE) & 1n) === 1n;
  const hard = mayRaise ? DEFAULT_NOFILE.hard : Math.min(DEFAULT_NOFILE.hard, hardNofile);
  return [{ type: 'RLIMIT_NOFILE', soft: Math.min(DEFAULT_NOFILE.soft, hard), hard }, ...limits];
}

function isPrivate(namespaces: readonly LinuxNamespace[], type: LinuxNamespace['type']): boolean {
  return namespaces.some((ns) => ns.type === type && ns.path === undefined);
}

/** The default mounts, less what the flags replace, then the user's own. */
function mountsOf({ options, namespaces, mounts, idMaps }: SpecInput): Mount[] {
  const given = options.shmSize === undefined ? 0 : parseSize(options.shmSize, '--shm-size');
  const shm = given || DEFAULT_SHM_SIZE;
  const replaced = new Set(mounts.map((mount) => cleanTarget(mount.destination)));
  if (options.ipc === 'none') replaced.add('/dev/shm');
  // with a /dev of one's own nothing of ours is mounted below it, either
  const stays = ({ destination }: Mount) =>
    !replaced.has(destination) && !(replaced.has('/dev') && destination.startsWith('/dev/'));
  const base = defaultMounts(shm)
    .filter(stays)
    .map((mount) => ipcOf(namespaces, idMaps !== undefined, mount))
    .map((mount) => (options.privileged ? writable(mount) : mount));
  return [...base, ...mounts];
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

function linuxOf(input: SpecInput, caps: readonly string[], base: Linux): Linux {
  const { options, namespaces, devices, host } = input;
  const { maskedPaths, readonlyPaths, ...rest } = base;
  const seccomp = seccompOf(input, caps);
  const masked = [...(maskedPaths ?? []), ...(host.thermalThrottle ?? [])];
  return {
    ...rest,
    ...input.idMaps,
    cgroupsPath: `/tinyrun/${input.id}`,
    namespaces,
    sysctl: sysctlsOf(options.sysctl ?? [], defaultSysctls(input, base), (type) =>
      isPrivate(namespaces, type),
    ),
    resources: resources(input, base.resources ?? {}),
    ...(devices.devices.length > 0 ? { devices: devices.devices } : {}),
    ...(options.privileged ? {} : { maskedPaths: masked, readonlyPaths: readonlyPaths ?? [] }),
    ...(seccomp ? { seccomp } : {}),
  };
}

/** The kernel takes only groups that the user namespace has. */
function defaultSysctls({ idMaps }: SpecInput, { sysctl = {} }: Linux): Readonly<Record<string, string>> {
  const groups = idMaps?.gidMappings[0]?.size;
  return groups === undefined ? sysctl : { ...sysctl, 'net.ipv4.ping_group_range': `0 ${groups - 1}` };
}

function seccompOf(input: SpecInput, capabilities: readonly string[]): Linux['seccomp'] {
  const { options, security, host, readProfile } = input;
  if (security.seccomp === 'unconfined') return undefined;
  if (readProfile) return readProfile({ capabilities, arch: host.arch, kernel: host.kernel });
  if (options.privileged) return undefined;
  return cachedDefault(capabilities, host.arch, options.platform?.split('/')[1] === '386');
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

function resources({ options, host, devices }: SpecInput, base: LinuxResources): LinuxResources {
  const limits = resourcesOf(options);
  const pids =
    limits.pids ?? (host.cgroup.controllers.includes('pids') ? { limit: DEFAULT_PIDS_LIMIT } : undefined);
  const { pids: _, ...rest } = base;
  return {
    ...rest,
    devices: options.privileged ? [DEVICE_ALLOW_ALL] : [...(base.devices ?? []), ...devices.rules],
    ...limits,
    ...(pids ? { pids } : {}),
  };
}

/** `KEY=VALUE` lists of --label and --annotation; a key alone has an empty value. */
export function pairs(entries: readonly string[], flag: string): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf('=');
      const key = at < 0 ? entry : entry.slice(0, at);
      if (key === '') throw new TinyrunError('USAGE', `${flag} ${JSON.stringify(entry)}: no key`);
      return [key, at < 0 ? '' : entry.slice(at + 1)];
    }),
  );
}
