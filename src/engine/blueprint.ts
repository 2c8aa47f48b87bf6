import { existsSync, readFileSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { LayerStore, type Lowers } from '../image/layers.ts';
import { ImageStore } from '../image/store.ts';
import type { ImageDefaults } from '../image/types.ts';
import type { PlainPaths } from '../plan/compile/options.ts';
import { type HostFacts, holds } from '../plan/host.ts';
import { hostFacts } from '../runtime/host.ts';
import type { OrderedHealth } from '../runtime/monitor/order.ts';
import type { SeccompTarget } from '../spec/seccomp-profile.ts';
import type { Spec } from '../spec/types.ts';
import type { Roots } from '../store/paths.ts';
import type { DefaultProfile } from './apparmor.ts';
import { type Checked, checkConfig } from './config/check.ts';
import { exposedPorts } from './config/exposed.ts';
import type { LogLimits } from './config/log.ts';
import { type FindPid, namespacesOf } from './config/namespaces.ts';
import { networksOf } from './config/network.ts';
import type { ContainerConfig, MountConfig, SecurityConfig } from './config/types.ts';
import { type ResolvedUser, resolveUser } from './config/user.ts';
import type { orderedHealth } from './health.ts';
import { type HostFile, hostFileMounts, hostFiles, plainPaths } from './hostfiles.ts';
import { idMapsOf } from './idmaps.ts';
import { readFromLayers } from './layer-file.ts';
import { containerPaths, rootfsPoint } from './layout.ts';
import type { Attached, NetworkUse } from './networks/use.ts';
import type { ContainerRecord, ImageWord } from './record.ts';
import { checkHost } from './requirements.ts';
import { buildSpec } from './spec.ts';
import type { ForSystemd } from './systemd.ts';
import type { VolumeUse } from './volumes/use.ts';

/** A container thought through to its spec, with nothing of it made yet. */
export interface Blueprint {
  readonly config: ContainerConfig;
  /** Without a name: taking one is the first thing that is made. */
  readonly record: Omit<ContainerRecord, 'name'>;
  readonly spec: Spec;
  readonly layers: Lowers;
  readonly files: readonly HostFile[];
  readonly plain: PlainPaths;
  /** Directories of the host that are to be bound and are missing. */
  readonly missingSources: readonly string[];
  readonly host: HostFacts;
  /** What of its output is kept; undefined: nothing. */
  readonly log: LogLimits | undefined;
  /** What the kernel is to learn of the profile that the spec names. */
  readonly policy?: Uint8Array | undefined;
  /** Where it has any. */
  readonly volumes?: VolumeUse | undefined;
  /** It may divide the cgroup that it is in, which is below its own. */
  readonly nested?: boolean;
  /** Where it is in any. */
  readonly networks?: NetworkUse | undefined;
  /** What it has of them, once that is known. */
  readonly attached?: Attached | undefined;
  /** What tells how it is, where anything does; it is born into this cgroup. */
  readonly health?: ((cgroup: string | undefined) => OrderedHealth) | undefined;
}

/** What a spec is made of, all of it read. */
export interface Drawn {
  readonly record: Omit<ContainerRecord, 'name'>;
  readonly image: ImageWord;
  readonly layers: Lowers;
  readonly host: HostFacts;
  readonly checked: Checked;
  readonly files: readonly HostFile[];
  readonly profile: DefaultProfile | undefined;
  /** A file of the image, by its path without a slash in front. */
  readonly account: (path: string) => string | undefined;
}

/** The blueprint of what a record says, on this host as it is. */
export async function draw(roots: Roots, drawn: Drawn, findPid: FindPid): Promise<Blueprint> {
  const { record, image, layers, host, checked, files, profile, account } = drawn;
  const { config, id, argv, hostname } = record;
  const idMaps = checked.modes.user === 'private' ? idMapsOf(host) : undefined;
  const accounts = { passwd: account('etc/passwd'), group: account('etc/group') };
  const user = resolveUser(config.user ?? image.User ?? '', accounts, config.groups);
  const systemd = record.systemd && (await systemdOf(drawn, user));
  const built = buildSpec({
    id,
    config,
    checked,
    argv,
    image,
    user,
    systemd,
    rootfs: rootfsPoint(roots),
    host,
    hardNofile: hardNofile(host),
    hostname,
    namespaces: namespacesOf(checked.modes, findPid),
    idMaps,
    readProfile: await profileReader(config.security),
    apparmor: profile?.name,
    mounts: [
      ...checked.mounts,
      ...hostFileMounts(files, containerPaths(roots, id).data, checked.mounts, {
        mapped: idMaps !== undefined,
        readOnly: config.readOnly,
      }),
    ],
  });
  const spec = await withVendors(built, config.vendorDevices);
  return {
    config,
    record,
    spec,
    layers,
    files,
    plain: plainPaths(image),
    missingSources: checked.missingSources,
    host,
    log: checked.log,
    policy: profile?.policy,
    ...(systemd?.divides && { nested: true }),
    ...(record.placed && { volumes: await volumesOf(roots, record.placed) }),
    ...(networksOf(config).length > 0 && { networks: await networksUse(roots, drawn) }),
    ...(record.health && {
      health: await orderHealth(roots, { id, spec, host, health: record.health, nested: systemd?.divides }),
    }),
  };
}

/**
 * The blueprint of a container that there is: what its image and the host gave when it was made is its record's, what the
 * host gives anew is looked at. Names of users are those of its own files by now.
 * @throws TinyrunError
 */
export async function redraw(roots: Roots, record: ContainerRecord, findPid: FindPid): Promise<Blueprint> {
  const host = hostFacts();
  checkHost(host);
  if (record.partial) throw new TinyrunError('UNSUPPORTED', UNTOLD, { hint: MAKE_ANOTHER });
  const { config, image, placed: mounts = config.mounts } = record;
  const drawn = {
    record,
    image: image.word ?? storedWord(roots, record),
    layers: layersOf(roots, record),
    host,
    checked: checkConfig({ ...config, mounts }, host),
    files: hostFiles(config, record.hostname),
    profile: await profileAgain(record, host),
    account: (path: string) =>
      readFromLayers([containerPaths(roots, record.id).upper, ...image.layers], path),
  };
  return draw(roots, drawn, findPid);
}

/** Loaded for nobody else. */
async function withVendors(spec: Spec, names: readonly string[] = []): Promise<Spec> {
  if (names.length === 0) return spec;
  const { withDevices } = await import('./cdi/find.ts');
  return withDevices(spec, names);
}

/** Nor is this. */
async function systemdOf({ record, checked, host }: Drawn, user: ResolvedUser): Promise<ForSystemd> {
  const { checkSystemdUser, forSystemd } = await import('./systemd.ts');
  checkSystemdUser(record.config, user);
  const mounted = checked.mounts.map(({ destination }) => destination);
  return forSystemd(record.id, mounted, checked.modes, host.cgroup);
}

/** Loaded for nobody else. */
async function orderHealth(roots: Roots, of: Parameters<typeof orderedHealth>[1]) {
  const { orderedHealth } = await import('./health.ts');
  return (cgroup: string | undefined) => orderedHealth(roots, { ...of, cgroup });
}

/** Nor is this. */
async function volumesOf(roots: Roots, placed: readonly MountConfig[]): Promise<VolumeUse> {
  const { useOf } = await import('./volumes/use.ts');
  return useOf(roots, placed);
}

/** Nor is this. */
async function networksUse(roots: Roots, { record, image }: Drawn): Promise<NetworkUse> {
  const { useOf } = await import('./networks/use.ts');
  return useOf(roots, record, Object.keys(exposedPorts(record.config.exposed, image) ?? {}));
}

/** With the addresses that it has, and the files that tell of them. */
export const withAttached = <B extends Blueprint>(blueprint: B, attached: Attached): B => ({
  ...blueprint,
  attached,
  files: attached.files,
  record: { ...blueprint.record, attachments: attached.attachments, ports: attached.ports },
});

/** As it would be attached, for who only looks. */
export const imagined = <B extends Blueprint>(blueprint: B): B =>
  blueprint.networks ? withAttached(blueprint, blueprint.networks.imagine()) : blueprint;

const UNTOLD = 'tinyrun 0.1 made it, and did not write down how';
const MAKE_ANOTHER = 'make another container: tinyrun run or tinyrun create';

/** What a spec asks of an image, which may be gone when the container is started again. */
export const wordOf = ({ Env, User, WorkingDir, Volumes, ExposedPorts }: ImageDefaults): ImageWord => ({
  ...(Env && { Env }),
  ...(User && { User }),
  ...(WorkingDir && { WorkingDir }),
  ...(Volumes && { Volumes }),
  ...(ExposedPorts && { ExposedPorts }),
});

/** Earlier records do not have it. */
function storedWord({ dataRoot }: Roots, { image: { id } }: ContainerRecord): ImageWord {
  const store = new ImageStore(dataRoot);
  const entry = store.list().find((other) => other.id === id);
  if (entry) return wordOf(store.record(entry).config.config ?? {});
  throw new TinyrunError('IMAGE_NOT_FOUND', `its image ${id} is not stored any more`, { hint: MAKE_ANOTHER });
}

/** An image may lose its names and its documents; its layers stay as long as a container has them. */
function layersOf({ dataRoot }: Roots, { image: { id, layers } }: ContainerRecord): Lowers {
  const missing = layers.find((layer) => !existsSync(layer));
  if (missing === undefined) return { lowers: layers, base: new LayerStore(dataRoot).base };
  throw new TinyrunError('IMAGE_NOT_FOUND', `a layer of its image ${id} is gone: ${missing}`, {
    hint: MAKE_ANOTHER,
  });
}

/** The profile that it was under: never less than that. */
async function profileAgain(
  { apparmor: name, config: { security } }: ContainerRecord,
  host: HostFacts,
): Promise<DefaultProfile | undefined> {
  if (name === undefined || name === security?.apparmor) return name === undefined ? undefined : { name };
  const profile = await apparmorOf({}, host);
  if (profile?.name === name) return profile;
  throw new TinyrunError(
    'PERMISSION',
    `the AppArmor profile ${name}, which it was made with, cannot be loaded`,
    {
      hint: 'tinyrun doctor tells what is missing',
    },
  );
}

/** The default profile where there is one; `unconfined` and privileged ones go without. */
export async function apparmorOf(
  { apparmor: name, privileged }: SecurityConfig,
  host: HostFacts,
): Promise<DefaultProfile | undefined> {
  if (name !== undefined) return { name };
  if (privileged || !host.apparmor) return undefined;
  const { defaultProfile } = await import('./apparmor.ts');
  return defaultProfile(host);
}

/** What a profile of one's own asks for; the reader of profiles is loaded for nobody else. */
async function profileReader({ seccomp }: SecurityConfig = {}) {
  if (typeof seccomp !== 'object') return undefined;
  const { readSeccompProfile } = await import('../spec/seccomp-profile.ts');
  return (target: SeccompTarget) => readSeccompProfile(seccomp.text, seccomp.name, target);
}

/** RLIMIT_NOFILE of this process; proc_pid_limits(5). */
function hardNofile(host: HostFacts): number {
  if (holds(host, 'CAP_SYS_RESOURCE')) return Number.POSITIVE_INFINITY;
  const line = /^Max open files +\S+ +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return line?.[1] === undefined || line[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line[1]);
}
