import { TinyrunError } from '../errors.ts';
import type { StoredImage } from './entry.ts';
import { familiarReference, parseIdPrefix, parseNamed, parseReference, repositoryOf } from './reference.ts';
import { dangling, type ImageStore } from './store.ts';

/** A container as far as an image's removal is concerned. */
export interface User {
  readonly id: string;
  readonly imageId: string;
  readonly running: boolean;
}

export interface RemoveOptions {
  readonly force?: boolean;
  readonly users: readonly User[];
}

/** What Docker prints: `Untagged: alpine:latest`, `Deleted: sha256:…`. */
export interface Removed {
  readonly untagged: readonly string[];
  readonly deleted: readonly string[];
}

/**
 * Takes a name away, and the image with its last one. An id removes all names, with --force where they are of
 * several repositories. What nobody needs then is there until `sweep`.
 * @throws TinyrunError IMAGE_NOT_FOUND, IMAGE_IN_USE, AMBIGUOUS_ID
 */
export function removeImage(store: ImageStore, text: string, options: RemoveOptions): Promise<Removed> {
  return store.update((entries) => {
    const entry = store.find(text, entries);
    if (!entry) throw new TinyrunError('IMAGE_NOT_FOUND', `no such image: ${text}`);
    const all = entries.filter((other) => other.id === entry.id);
    const going = isId(text, entry) ? byId(all, text, options) : byName(all, text, entry, options);
    const left = all.filter((other) => !going.includes(other));
    const kept = keepDangling(entry, left, options);
    const rest = entries.filter((other) => !going.includes(other));
    const deleted = left.length === 0 && kept.length === 0;
    return {
      entries: [...rest, ...kept],
      result: { untagged: lost(going, left), deleted: deleted ? [entry.id] : [] },
    };
  });
}

const isId = (text: string, entry: StoredImage): boolean => {
  const prefix = parseIdPrefix(text);
  return prefix !== undefined && entry.id.startsWith(`sha256:${prefix}`);
};

function byId(all: readonly StoredImage[], text: string, options: RemoveOptions): readonly StoredImage[] {
  const repositories = new Set(all.flatMap(({ name }) => (name ? [repositoryOf(parseReference(name))] : [])));
  if (repositories.size > 1 && !options.force)
    throw inUse(
      `image ${text} has names in several repositories: ${[...repositories].join(', ')}`,
      'remove the names one by one, or use --force',
    );
  checkUsers(all, text, options, true);
  return all;
}

/** A digest reference stands for all names of its repository. */
function byName(
  all: readonly StoredImage[],
  text: string,
  entry: StoredImage,
  options: RemoveOptions,
): readonly StoredImage[] {
  const reference = parseNamed(text);
  const repository = repositoryOf(reference);
  const going =
    reference.digest === undefined
      ? [entry]
      : all.filter((one) => one.repoDigests.some((name) => name.startsWith(`${repository}@`)));
  if (going.length === all.length) checkUsers(all, text, options, false);
  return going;
}

function checkUsers(
  all: readonly StoredImage[],
  text: string,
  { users, force }: RemoveOptions,
  id: boolean,
): void {
  const [first] = all;
  const mine = users.filter(({ imageId }) => imageId === first?.id);
  const running = mine.find((user) => user.running);
  if (running && (id || !force))
    throw inUse(
      `image ${text} is used by running container ${running.id.slice(0, 12)}`,
      'stop and remove the container first',
    );
  if (mine[0] && !force) throw inUse(`image ${text} is used by stopped container ${mine[0].id.slice(0, 12)}`);
}

const inUse = (message: string, hint?: string): TinyrunError =>
  new TinyrunError('IMAGE_IN_USE', message, hint === undefined ? {} : { hint });

/** A running container keeps its image, without a name. */
function keepDangling(
  entry: StoredImage,
  left: readonly StoredImage[],
  { users }: RemoveOptions,
): StoredImage[] {
  const needed = users.some((user) => user.running && user.imageId === entry.id);
  return needed && left.length === 0 ? [{ ...dangling(entry), repoDigests: [] }] : [];
}

/** What nothing that is left goes by: tags of one repository share its digest. */
function lost(going: readonly StoredImage[], left: readonly StoredImage[]): string[] {
  const still = names(left);
  return names(going).filter((name) => !still.includes(name));
}

function names(entries: readonly StoredImage[]): string[] {
  const tags = entries.flatMap(({ name }) => (name ? [familiarReference(parseReference(name))] : []));
  const digests = entries.flatMap(({ repoDigests }) =>
    repoDigests.map((name) => familiarReference(parseNamed(name))),
  );
  return [...new Set([...tags, ...digests])];
}
