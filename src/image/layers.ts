import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { errnoOf, TinyrunError } from '../errors.ts';
import { AT_FDCWD } from '../native/fcntl.ts';
import { native } from '../native/index.ts';
import { join } from '../store/join.ts';
import { ensureDir } from '../store/paths.ts';
import type { ImageStore } from './store.ts';
import type { ImageLayer } from './types.ts';

// <dataRoot>/layers/HEX/diff       a layer's tree in overlayfs form; `opaque` instead of `diff` where the layer
//                                  hides everything below it
// <dataRoot>/layers/HEX/layer.json what is known of it
// <dataRoot>/layers/l/SHORT        link to it, short so that hundreds fit the page of mount options of old kernels
// <dataRoot>/layers/tmp/HEX        being unpacked, under the lock tmp/HEX.lock
//
// A layer directory appears by rename(2), whole and verified, or not at all.

/** What overlayfs is mounted with. */
export interface Lowers {
  /** Absolute paths, top layer first; symbolic links below `base`. */
  readonly lowers: readonly string[];
  /** The directory of short links. */
  readonly base: string;
}

/** layer.json. */
export interface LayerInfo {
  readonly diffId: string;
  /** Bytes of file data. */
  readonly size: number;
  readonly entries: number;
  /** Directories that have no entry in the archive. */
  readonly implied: readonly string[];
}

const SHORT = 12;

/** The unpacked layers of a data root, shared by all images that have them. */
export class LayerStore {
  readonly root: string;
  readonly base: string;
  constructor(dataRoot: string) {
    this.root = join(dataRoot, 'layers');
    this.base = join(this.root, 'l');
  }

  directory(diffId: string): string {
    return join(this.root, hexOf(diffId));
  }

  has(diffId: string): boolean {
    return existsSync(this.directory(diffId));
  }

  /** The layer's tree. */
  tree(diffId: string): string {
    const plain = join(this.directory(diffId), 'diff');
    return existsSync(plain) ? plain : join(this.directory(diffId), 'opaque');
  }

  info(diffId: string): LayerInfo {
    const path = join(this.directory(diffId), 'layer.json');
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as LayerInfo;
    } catch (cause) {
      throw new TinyrunError('STORE_DAMAGED', `${path} cannot be read`, { cause });
    }
  }

  /** A symbolic link of 12 characters made of the diff id, so that it is found without reading anything. */
  link(diffId: string): string {
    const short = Buffer.from(hexOf(diffId).slice(0, 18), 'hex').toString('base64url').slice(0, SHORT);
    return join(this.base, short);
  }

  /**
   * The lowers of diff ids (bottom first), or undefined when one is not unpacked: one lstat a layer. A layer that
   * comes twice counts where it lies topmost, since overlayfs refuses to have it twice.
   */
  lowers(diffIds: readonly string[]): Lowers | undefined {
    const lowers: string[] = [];
    for (const diffId of [...new Set([...diffIds].reverse())]) {
      const directory = this.directory(diffId);
      const link = this.link(diffId);
      const plain = lstatSync(join(directory, 'diff'), { throwIfNoEntry: false });
      if (!plain && !existsSync(join(directory, 'opaque'))) return undefined;
      lowers.push(link);
      if (!plain) break;
    }
    return { lowers, base: this.base };
  }

  /** Puts an unpacked tree in its place; `temporary` holds `diff` and layer.json. */
  publish(diffId: string, temporary: string, opaque: boolean): void {
    if (opaque) renameSync(join(temporary, 'diff'), join(temporary, 'opaque'));
    ensureDir(this.base);
    const target = join('..', hexOf(diffId), opaque ? 'opaque' : 'diff');
    linkOnce(target, this.link(diffId));
    renameSync(temporary, this.directory(diffId));
  }

  /** An empty directory to unpack into; the caller holds the layer's lock, so what lies there is a dead one's. */
  prepare(diffId: string): string {
    const temporary = join(this.root, 'tmp', hexOf(diffId));
    mkdirSync(temporary, { mode: 0o700 });
    mkdirSync(join(temporary, 'diff'), { mode: 0o755 });
    return temporary;
  }

  /** Diff ids of all that is unpacked. */
  list(): string[] {
    return hexNames(this.root);
  }

  /** Diff ids whose unpacking has begun, by the locks and directories it leaves. */
  unfinished(): string[] {
    return [...new Set(hexNames(join(this.root, 'tmp')))];
  }

  /** Out of sight by rename(2) first: a kill leaves either a whole layer or something to sweep. */
  remove(diffId: string): void {
    rmSync(this.link(diffId), { force: true });
    const going = this.temporary(diffId);
    ensureDir(join(this.root, 'tmp'));
    native().removeTree(AT_FDCWD, going);
    renameSync(this.directory(diffId), going);
    native().removeTree(AT_FDCWD, going);
  }

  temporary(diffId: string): string {
    return join(this.root, 'tmp', hexOf(diffId));
  }

  lockPath(diffId: string): string {
    return join(ensureDir(join(this.root, 'tmp')), `${hexOf(diffId)}.lock`);
  }
}

/** Names that start with 64 digits: layers, and the locks of those being unpacked. */
function hexNames(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap(
    (name) => /^[0-9a-f]{64}/.exec(name)?.map((hex) => `sha256:${hex}`) ?? [],
  );
}

function linkOnce(target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

function hexOf(diffId: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(diffId)?.[1];
  if (hex === undefined) throw new TinyrunError('BAD_IMAGE', `bad diff id ${JSON.stringify(diffId)}`);
  return hex;
}

/**
 * The lowers of an image, unpacking what is missing from the stored blobs. With everything in place nothing is
 * loaded, locked or read.
 * @throws TinyrunError BAD_LAYER, LAYER_LIMIT, DIGEST_MISMATCH, STORE_DAMAGED, NO_SPACE
 */
export async function ensureUnpacked(
  store: ImageStore,
  image: { readonly layers: readonly ImageLayer[] },
): Promise<Lowers> {
  const layers = new LayerStore(store.dataRoot);
  const diffIds = image.layers.map((layer) => layer.diffId);
  const present = layers.lowers(diffIds);
  if (present) return present;
  const { unpackStored } = await import('./unpack/stored.ts');
  await unpackStored(store, layers, image.layers);
  const lowers = layers.lowers(diffIds);
  if (!lowers) throw new TinyrunError('STORE_DAMAGED', 'layers vanished while they were unpacked');
  return lowers;
}
