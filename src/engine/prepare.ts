import { hostname as machineName } from 'node:os';
import { platformOf } from '../image/entry.ts';
import { ensureUnpacked } from '../image/layers.ts';
import { formatPlatform, hostPlatform, requireLinux, runsHere } from '../image/platform.ts';
import { ImageStore } from '../image/store.ts';
import type { ImageDefaults, ImageRecord } from '../image/types.ts';
import { hostFacts } from '../runtime/host.ts';
import { SIGTERM, signalNumber } from '../spec/linux.ts';
import type { Mount } from '../spec/types.ts';
import type { Roots } from '../store/paths.ts';
import { rfc3339 } from '../store/time.ts';
import { apparmorOf, type Blueprint, draw, wordOf } from './blueprint.ts';
import { checkConfig } from './config/check.ts';
import { commandOf } from './config/command.ts';
import { ConfigError } from './config/error.ts';
import { healthOf } from './config/health.ts';
import { cleanTarget, missingSources, mountsOf, type PlacedVolume } from './config/mounts.ts';
import type { FindPid } from './config/namespaces.ts';
import { isSystemd, SYSTEMD_STOP } from './config/systemd.ts';
import type { ContainerConfig, MountConfig } from './config/types.ts';
import { checkCidfile } from './create.ts';
import { findImage } from './find-image.ts';
import { hostFiles } from './hostfiles.ts';
import { accountsFile } from './layer-file.ts';
import { containerPaths } from './layout.ts';
import { newContainerId } from './names.ts';
import type { ContainerRecord, MountPoint } from './record.ts';
import { checkHost } from './requirements.ts';
import type { CreateOptions, Notify, RunControl } from './types.ts';

/**
 * Checks everything a container needs and reads what the host and the image say: all that a person can have got wrong is
 * found here.
 * @throws TinyrunError
 */
export async function prepare(
  roots: Roots,
  config: ContainerConfig,
  options: CreateOptions & Pick<RunControl, 'id'>,
  findPid: FindPid,
): Promise<Blueprint> {
  const host = hostFacts();
  checkHost(host);
  const checked = checkConfig(config, host);
  if (config.systemd === 'always')
    (await import('./systemd.ts')).checkSystemd(config, checked.modes, host.cgroup);
  checkCidfile(options.cidfile);
  for (const warning of checked.warnings) options.notify?.(`WARNING: ${warning}`);
  const { id = newContainerId() } = options;
  const hostname = hostnameOf(config, id);
  const files = hostFiles(config, hostname);
  const found = await findImage(roots, config, options);
  checkPlatform(config, found, options.notify);
  const image = found.config.config ?? {};
  const argv = commandOf(config, image);
  const layers = await ensureUnpacked(new ImageStore(roots.dataRoot), found);
  const profile = await apparmorOf(config.security ?? {}, host);
  const placed = await placedOf(roots, config, image, id);
  const all = placed
    ? { ...checked, mounts: mountsOf(placed), missingSources: missingSources(placed) }
    : checked;
  const record = recordOf(config, found, {
    id,
    argv,
    hostname,
    layers: layers.lowers,
    mounts: bindsOf(all.mounts, placed),
    ...(placed && { placed }),
    apparmor: profile?.name,
  });
  const account = (path: string) => accountsFile(layers.lowers, path);
  return draw(roots, { record, image, layers, host, checked: all, files, profile, account }, findPid);
}

/** Docker's warning, unless the platform was asked for; emulation may be set up (binfmt_misc), so it is tried. */
function checkPlatform(
  { image: name, platform }: ContainerConfig,
  { config }: ImageRecord,
  notify: Notify = () => {},
): void {
  requireLinux(config, `image ${name}`);
  const own = platformOf(config);
  if (platform !== undefined || runsHere(own)) return;
  const [wanted, host] = [own, hostPlatform()].map(formatPlatform);
  notify(
    `WARNING: The requested image's platform (${wanted}) does not match the detected host platform (${host}) and no specific platform was requested`,
  );
}

/** Where the network or the uts namespace is the host's, the machine's own name, as Docker has it. */
function hostnameOf({ hostname, network, namespaces }: ContainerConfig, id: string): string {
  const shared = network === 'host' || namespaces?.uts === 'host';
  const name = hostname ?? (shared ? machineName() : id.slice(0, 12));
  if (/^[a-zA-Z0-9]([a-zA-Z0-9_.-]{0,62}[a-zA-Z0-9])?$/.test(name)) return name;
  throw new ConfigError('hostname', 'not a host name of at most 64 characters');
}

/** The image's word is advice: one that names no signal is SIGTERM, as with Docker. */
const stopSignalOf = (
  { stop }: ContainerConfig,
  { StopSignal = '' }: ImageDefaults,
  systemd: boolean,
): number => stop?.signal ?? signalNumber(StopSignal) ?? (systemd ? SYSTEMD_STOP : SIGTERM);

function recordOf(
  config: ContainerConfig,
  image: ImageRecord,
  {
    layers,
    ...made
  }: Pick<ContainerRecord, 'id' | 'argv' | 'hostname' | 'mounts' | 'placed' | 'apparmor'> & {
    layers: readonly string[];
  },
): Omit<ContainerRecord, 'name'> {
  const defaults = image.config.config ?? {};
  const health = healthOf(config.health, defaults);
  const systemd = isSystemd(config, made.argv);
  return {
    version: 2,
    ...made,
    created: rfc3339(),
    config,
    image: { id: image.id, layers, word: wordOf(defaults) },
    labels: { ...defaults.Labels, ...config.labels },
    stopSignal: stopSignalOf(config, defaults, systemd),
    ...(systemd && { systemd }),
    ...(health && { health }),
  };
}

const bindsOf = (mounts: readonly Mount[], placed: readonly MountConfig[] = []): MountPoint[] =>
  mounts.flatMap(({ type, source, destination, options = [] }) => {
    const named = namedAt(destination, placed);
    // a volume may be in memory
    return source && (type === 'bind' || named.volume) ? [{ source, destination, options, ...named }] : [];
  });

function namedAt(destination: string, placed: readonly MountConfig[]): Pick<MountPoint, 'volume' | 'image'> {
  const mount = placed.find(({ target }) => cleanTarget(target) === destination);
  if (mount?.kind === 'image') return { image: mount.image };
  if (mount?.kind !== 'volume' || mount.name === undefined) return {};
  const { name, anonymous } = mount as PlacedVolume;
  return { volume: { name, ...(anonymous && { anonymous }) } };
}

/** What is mounted where there are volumes; what knows of them is loaded for nobody else. */
async function placedOf(
  roots: Roots,
  config: ContainerConfig,
  image: ImageDefaults,
  id: string,
): Promise<readonly MountConfig[] | undefined> {
  const isNone = (list: object | null | undefined) => !list || Object.keys(list).length === 0;
  if (
    isNone(image.Volumes) &&
    isNone(config.volumesFrom) &&
    !config.mounts?.some(({ kind }) => kind === 'volume' || kind === 'image')
  )
    return undefined;
  const { placeVolumes } = await import('./volumes/use.ts');
  return placeVolumes(roots, config, image, containerPaths(roots, id).data);
}
