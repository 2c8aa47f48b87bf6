import { dirname } from 'node:path/posix';
import { TinyrunError } from '../../errors.ts';
import { applyChanges } from '../../image/changes.ts';
import { commitImage } from '../../image/commit.ts';
import { archiveOfLayer, type Stubs } from '../../image/layer-archive.ts';
import { tagName } from '../../image/reference.ts';
import { ImageStore } from '../../image/store.ts';
import type { TarEntry } from '../../image/tar/header.ts';
import type { ImageDefaults, ImageRecord } from '../../image/types.ts';
import { AT_FDCWD, O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../../native/fcntl.ts';
import { native } from '../../native/index.ts';
import { hostFacts } from '../../runtime/host.ts';
import { signalName } from '../../spec/linux.ts';
import type { Roots } from '../../store/paths.ts';
import { splitCommand } from '../config/command.ts';
import { mergeEnv } from '../config/env.ts';
import { exposedPorts } from '../config/exposed.ts';
import { healthcheckOf } from '../config/health.ts';
import { cleanTarget } from '../config/mounts.ts';
import { tell } from '../events/tell.ts';
import { ENGINE_LINKS } from '../hostfiles.ts';
import { idMapsOf } from '../idmaps.ts';
import { containerPaths } from '../layout.ts';
import { findContainer } from '../manage.ts';
import { setFrozenIfThere } from '../pause.ts';
import type { ContainerRecord, ContainerView } from '../record.ts';
import { OWN_DIRECTORIES, OWN_FILES, openLayers } from './diff.ts';

export interface CommitOptions {
  /** `NAME[:TAG]`; without, the image has none. */
  readonly name?: string | undefined;
  readonly author?: string | undefined;
  readonly message?: string | undefined;
  /** Dockerfile instructions: `CMD ["sh"]`, `ENV A=1`. */
  readonly changes?: readonly string[] | undefined;
  /** Its processes stand still meanwhile, true without: what is read is of one moment. */
  readonly pause?: boolean | undefined;
  /** Gives up; AbortError then. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes an image of what a container has written, over the image it was made of. What is mounted into it is not in it.
 * Answers its id.
 * @throws TinyrunError CONTAINER_NOT_FOUND, IMAGE_NOT_FOUND where its image is gone, USAGE for a bad change
 */
export async function commitContainer(
  roots: Roots,
  text: string,
  options: CommitOptions = {},
): Promise<string> {
  const { changes = [], author = '', message = '', signal } = options;
  const name = options.name === undefined ? undefined : tagName(options.name);
  const view = findContainer(roots, text);
  const { record } = view;
  const store = new ImageStore(roots.dataRoot);
  const parent = parentOf(store, record, text);
  const { config: defaults = {} } = parent.config;
  const { id } = await commitImage(store, {
    parent,
    layer: layerOf(roots, view, options.pause ?? true, signal),
    config: applyChanges(configOf(record, defaults), changes),
    name,
    author,
    comment: message,
    createdBy: splitCommand(record.config, record.argv, defaults).cmd.join(' '),
  });
  tell(roots, record, 'commit', { comment: message, imageID: id, imageRef: name ?? '' });
  return id;
}

/** Its documents are what the new image goes on from, its layers' blobs what is saved and pushed of it. */
function parentOf(store: ImageStore, { image: { id } }: ContainerRecord, text: string): ImageRecord {
  const entry = store.list().find((other) => other.id === id);
  if (entry) return store.record(entry);
  throw new TinyrunError('IMAGE_NOT_FOUND', `its image ${id} is not stored any more`, {
    hint: `tinyrun export ${text} | tinyrun import - NAME makes an image of one layer of it`,
  });
}

/** What the next container is started with: what this one was, where that is a property of an image. */
function configOf(record: ContainerRecord, image: ImageDefaults): ImageDefaults {
  const { config } = record;
  const { entrypoint, cmd } = splitCommand(config, record.argv, image);
  const { Cmd: _, Entrypoint: __, ...kept } = image;
  const user = config.user ?? image.User;
  const workdir = config.workdir ?? image.WorkingDir;
  const own = (config.mounts ?? []).flatMap((mount) =>
    mount.kind === 'volume' && mount.name === undefined ? [[mount.target, {}] as const] : [],
  );
  const ExposedPorts = exposedPorts(config.exposed, image);
  const Healthcheck = healthcheckOf(config.health, image.Healthcheck);
  return {
    ...kept,
    ...(user !== undefined && { User: user }),
    ...(workdir !== undefined && { WorkingDir: workdir }),
    ...(own.length > 0 && { Volumes: { ...image.Volumes, ...Object.fromEntries(own) } }),
    ...(Healthcheck && { Healthcheck }),
    ...(ExposedPorts && { ExposedPorts }),
    Env: mergeEnv(image.Env ?? [], config.env ?? []),
    Labels: { ...record.labels },
    ...(config.stop?.signal !== undefined && { StopSignal: signalName(config.stop.signal) }),
    ...(entrypoint.length > 0 && { Entrypoint: [...entrypoint] }),
    ...(cmd.length > 0 && { Cmd: [...cmd] }),
  };
}

const DIRECTORY = { flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW };

function* layerOf(
  roots: Roots,
  view: ContainerView,
  pause: boolean,
  signal: AbortSignal | undefined,
): Generator<Buffer> {
  const { record } = view;
  const { upper: path, run } = containerPaths(roots, record.id);
  const { state } = view.status === 'running' && pause ? view : {};
  const isFrozen = state !== undefined && setFrozenIfThere({ dir: run, state }, true);
  try {
    const lower = openLayers(record.image.layers);
    const upper = native().openat2(AT_FDCWD, path, DIRECTORY);
    try {
      const source = { upper, lower, stubs: stubsOf(record), toImage: fromHost(record) };
      for (const piece of archiveOfLayer(source)) {
        signal?.throwIfAborted();
        yield piece;
      }
    } finally {
      native().close(upper);
      if (lower !== undefined) native().close(lower);
    }
  } finally {
    if (isFrozen) setFrozenIfThere({ dir: run, state }, false);
  }
}

/** What is in its layer because something is mounted there, or because it is the engine's. */
function stubsOf({ config, mounts, placed = config.mounts ?? [] }: ContainerRecord): Stubs {
  const targets = [
    ...mounts.map(({ destination }) => destination),
    ...placed.map(({ target }) => cleanTarget(target)),
  ];
  const dirs = new Set(OWN_DIRECTORIES);
  for (const target of targets)
    for (let path = target; path !== '/' && path !== '.'; path = dirname(path)) dirs.add(path);
  return { files: OWN_FILES, emptyFiles: new Set(targets), dirs, links: ENGINE_LINKS };
}

/** As its image has ids, where the container's are mapped. */
function fromHost({ config }: ContainerRecord): (entry: TarEntry) => TarEntry {
  if (config.namespaces?.user !== 'private') return (entry) => entry;
  const { uidMappings: [uids] = [], gidMappings: [gids] = [] } = idMapsOf(hostFacts());
  const [uid0, gid0] = [uids?.hostID ?? 0, gids?.hostID ?? 0];
  return (entry) => ({
    ...entry,
    uid: Math.max(entry.uid - uid0, 0),
    gid: Math.max(entry.gid - gid0, 0),
    xattrs: new Map([...(entry.xattrs ?? [])].map(([name, value]) => [name, unmapped(name, value)])),
  });
}

/** capabilities(7): version 3 of a file's names the user that is root; without, it is version 2. */
function unmapped(name: string, value: Buffer): Buffer {
  const [REVISION_2, REVISION_3, ROOT] = [0x02000000, 0x03000000, 20];
  if (name !== 'security.capability' || value.length <= ROOT) return value;
  const magic = value.readUInt32LE(0);
  if ((magic & 0xff000000) >>> 0 !== REVISION_3) return value;
  const plain = Buffer.from(value.subarray(0, ROOT));
  plain.writeUInt32LE(((magic & 0x00ffffff) | REVISION_2) >>> 0, 0);
  return plain;
}
