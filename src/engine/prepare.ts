import { existsSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism, hostname as machineName } from 'node:os';
import { resolve } from 'node:path';
import { kernelReason, TinyrunError } from '../errors.ts';
import { platformOf } from '../image/entry.ts';
import { ensureUnpacked, type Lowers } from '../image/layers.ts';
import { formatPlatform, hostPlatform, requireLinux, runsHere } from '../image/platform.ts';
import { ImageStore } from '../image/store.ts';
import type { ContainerConfig, ImageRecord } from '../image/types.ts';
import type { PlainPaths } from '../plan/compile/options.ts';
import type { HostFacts } from '../plan/host.ts';
import { hostFacts, machineSet } from '../runtime/host.ts';
import { SIGTERM, signalName, signalNumber } from '../spec/linux.ts';
import type { SeccompTarget } from '../spec/seccomp-profile.ts';
import type { LinuxDevice, Mount, Spec } from '../spec/types.ts';
import type { Roots } from '../store/paths.ts';
import { rfc3339 } from '../store/time.ts';
import { type HostFile, hostFileMounts, hostFiles, plainPaths } from './hostfiles.ts';
import { idMapsOf } from './idmaps.ts';
import { findImage, type Notify } from './image.ts';
import { accountsFile } from './layers.ts';
import { containerPaths, rootfsPoint } from './layout.ts';
import { newContainerId } from './names.ts';
import { commandOf } from './options/command.ts';
import { type DeviceGrant, hostDevices, parseDevice } from './options/devices.ts';
import { parseEnv, parseEnvFile } from './options/env.ts';
import { checkCpus, checkCpuset } from './options/limits.ts';
import { userMounts } from './options/mounts.ts';
import { type FindPid, namespaceModes, namespacesOf } from './options/namespaces.ts';
import { parseSecurity, type SecurityOptions } from './options/security.ts';
import type { BindMount } from './options/targets.ts';
import { type ResolvedUser, resolveUser } from './options/user.ts';
import { checkPropagation } from './propagation.ts';
import type { ContainerRecord } from './record.ts';
import { checkHost } from './requirements.ts';
import { buildSpec, pairs } from './spec.ts';
import type { RunOptions } from './types.ts';

/** A container thought through to its spec, with nothing of it made yet. */
export interface Blueprint {
  readonly options: RunOptions;
  /** Without a name: taking one is the first thing that is made. */
  readonly record: Omit<ContainerRecord, 'name'>;
  readonly spec: Spec;
  readonly layers: Lowers;
  readonly files: readonly HostFile[];
  readonly plain: PlainPaths;
  /** Directories of the host that -v asks for and that are missing. */
  readonly missingSources: readonly string[];
  readonly host: HostFacts;
}

/**
 * Reads and checks everything a container needs: all that a person can have got wrong is found here.
 * @throws TinyrunError
 */
export async function prepare(
  roots: Roots,
  options: RunOptions,
  findPid: FindPid,
  notify: Notify,
): Promise<Blueprint> {
  const host = hostFacts();
  checkHost(host);
  const parsed = parseOptions(options, host);
  checkPropagation(parsed.mounts);
  const image = await findImage(roots.dataRoot, options, notify);
  checkPlatform(options, image, notify);
  const config = image.config.config ?? {};
  const args = commandOf(options, config);
  const id = newContainerId();
  const layers = await ensureUnpacked(new ImageStore(roots.dataRoot), image);
  const hostname = hostnameOf(options, id);
  const files = hostFiles(options, hostname);
  const paths = containerPaths(roots, id);
  const namespaces = namespacesOf(parsed.modes, findPid);
  const idMaps = parsed.modes.user.kind === 'private' ? idMapsOf(host) : undefined;
  const spec = buildSpec({
    id,
    options,
    image: config,
    user: userOf(options, config, layers.lowers),
    rootfs: rootfsPoint(roots),
    host,
    hardNofile: hardNofile(host),
    hostname,
    namespaces,
    idMaps,
    readProfile: await profileReader(parsed.security),
    security: { ...parsed.security, ...(await apparmorOf(options, parsed.security, host)) },
    env: parsed.env,
    mounts: [
      ...parsed.mounts.map(plainMount),
      ...hostFileMounts(files, paths.data, parsed.mounts, {
        mapped: idMaps !== undefined,
        readOnly: options.readOnly,
      }),
    ],
    devices: parsed.devices,
  });
  return {
    options,
    record: recordOf(options, image, {
      id,
      args,
      hostname,
      layers: layers.lowers,
      mounts: bindsOf(parsed.mounts),
      network: networkName(options.network),
    }),
    spec,
    layers,
    files,
    plain: plainPaths(config),
    missingSources: missingSources(parsed.mounts),
    host,
  };
}

/** The default profile where there is one; `apparmor=unconfined` and --privileged go without. */
async function apparmorOf(
  options: RunOptions,
  security: SecurityOptions,
  host: HostFacts,
): Promise<{ apparmor?: string }> {
  if (security.apparmor !== undefined || options.privileged || !host.apparmor) return {};
  const { ensureDefaultProfile } = await import('./apparmor.ts');
  const apparmor = await ensureDefaultProfile(host);
  return apparmor === undefined ? {} : { apparmor };
}

/** What `seccomp=FILE` asks for; the reader of profiles is loaded for nobody else. */
async function profileReader({ seccomp }: SecurityOptions) {
  if (typeof seccomp === 'string') return undefined;
  const { readSeccompProfile } = await import('../spec/seccomp-profile.ts');
  return (target: SeccompTarget) => readSeccompProfile(seccomp.text, seccomp.file, target);
}

/** Docker's warning, unless the platform was asked for; emulation may be set up (binfmt_misc), so it is tried. */
function checkPlatform({ image: name, platform }: RunOptions, { config }: ImageRecord, notify: Notify): void {
  requireLinux(config, `image ${name}`);
  const own = platformOf(config);
  if (platform !== undefined || runsHere(own)) return;
  const [wanted, host] = [own, hostPlatform()].map(formatPlatform);
  notify(
    `WARNING: The requested image's platform (${wanted}) does not match the detected host platform (${host}) and no specific platform was requested`,
  );
}

/** What can be checked without the image. */
function parseOptions(options: RunOptions, host: HostFacts) {
  if (options.uts === 'host' && options.hostname !== undefined)
    throw new TinyrunError('USAGE', '--hostname and --uts host contradict each other');
  if (options.cidfile !== undefined && existsSync(options.cidfile))
    throw new TinyrunError('USAGE', `--cidfile ${options.cidfile}: the file exists`, {
      hint: 'another container may have written it: remove it or choose another name',
    });
  checkCpus(options, availableParallelism());
  checkCpuset(options, (kind) => machineSet(host.cgroup, kind));
  return {
    modes: namespaceModes(options),
    security: parseSecurity(options.securityOpt ?? []),
    mounts: userMounts(options, (path) => resolve(path)),
    devices: devicesOf(options),
    env: [...(options.envFile ?? []).flatMap(readEnvFile), ...parseEnv(options.env ?? [], process.env)],
  };
}

function readEnvFile(path: string): string[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new TinyrunError('USAGE', `--env-file ${path}: ${kernelReason(cause)}`, {
      cause,
      hint: 'the file must exist and be readable, one KEY=VALUE a line',
    });
  }
  return parseEnvFile(bytes, path, process.env);
}

function devicesOf(options: RunOptions): DeviceGrant {
  const grants = (options.device ?? []).map(parseDevice);
  const host: LinuxDevice[] = options.privileged ? hostDevices() : [];
  const asked = grants.flatMap((grant) => grant.devices);
  return {
    devices: [...host.filter(({ path }) => !asked.some((other) => other.path === path)), ...asked],
    rules: grants.flatMap((grant) => grant.rules),
  };
}

/** With --network host or --uts host the machine's own name, as Docker has it. */
function hostnameOf(options: RunOptions, id: string): string {
  const name =
    options.hostname ?? ([options.network, options.uts].includes('host') ? machineName() : id.slice(0, 12));
  if (/^[a-zA-Z0-9]([a-zA-Z0-9_.-]{0,62}[a-zA-Z0-9])?$/.test(name)) return name;
  throw new TinyrunError(
    'USAGE',
    `--hostname ${JSON.stringify(name)}: not a host name of at most 64 characters`,
  );
}

function userOf(options: RunOptions, config: ContainerConfig, layers: readonly string[]): ResolvedUser {
  const accounts = {
    passwd: accountsFile(layers, 'etc/passwd'),
    group: accountsFile(layers, 'etc/group'),
  };
  return resolveUser(options.user ?? config.User ?? '', accounts, options.groupAdd);
}

/** RLIMIT_NOFILE of this process; proc_pid_limits(5). */
function hardNofile(host: HostFacts): number {
  const CAP_SYS_RESOURCE = 24n;
  if ((host.capabilities.effective >> CAP_SYS_RESOURCE) & 1n) return Number.POSITIVE_INFINITY;
  const line = /^Max open files +\S+ +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return line?.[1] === undefined || line[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line[1]);
}

function plainMount(mount: Mount | BindMount): Mount {
  const { destination, type, source, options } = mount;
  return {
    destination,
    ...(type === undefined ? {} : { type }),
    ...(source === undefined ? {} : { source }),
    ...(options === undefined ? {} : { options }),
  };
}

/** -v makes the directory it binds, as Docker does; --mount wants it to be there. */
function missingSources(mounts: readonly (Mount | BindMount)[]): string[] {
  return mounts.flatMap((mount) => {
    if (!('createSource' in mount) || statSync(mount.source, { throwIfNoEntry: false })) return [];
    if (mount.createSource) return [mount.source];
    throw new TinyrunError('USAGE', `--mount: the bind source ${mount.source} does not exist`);
  });
}

/** The image's word is advice: one that names no signal is SIGTERM, as with Docker. */
function stopSignalOf({ stopSignal }: RunOptions, { StopSignal = '' }: ContainerConfig): number {
  const given = stopSignal ? signalNumber(stopSignal) : undefined;
  if (given !== undefined) return given;
  if (!stopSignal) return signalNumber(StopSignal) ?? SIGTERM;
  throw new TinyrunError('USAGE', `--stop-signal ${JSON.stringify(stopSignal)}: unknown signal`, {
    hint: 'kill -l lists the names; numbers go from 1 to 64',
  });
}

function recordOf(
  options: RunOptions,
  image: ImageRecord,
  made: Pick<ContainerRecord, 'id' | 'args' | 'hostname' | 'layers' | 'mounts' | 'network'>,
): Omit<ContainerRecord, 'name'> {
  return {
    version: 1,
    ...made,
    image: options.image,
    imageId: image.id,
    created: rfc3339(),
    labels: { ...image.config.config?.Labels, ...pairs(options.label ?? [], '--label') },
    tty: options.tty === true,
    rm: options.rm === true,
    stopSignal: signalName(stopSignalOf(options, image.config.config ?? {})),
  };
}

const bindsOf = (mounts: readonly (Mount | BindMount)[]) =>
  mounts.flatMap(({ type, source, destination }) =>
    type === 'bind' && source ? [{ source, destination }] : [],
  );

/** What `ps` calls it: another container's network has no name of its own there. */
const networkName = (mode = 'none'): string => (mode.startsWith('container:') ? '' : mode);
