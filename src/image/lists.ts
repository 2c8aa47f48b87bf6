import { existsSync, rmSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { writeFileAtomic } from '../store/atomic.ts';
import { join } from '../store/join.ts';
import { ensureDir } from '../store/paths.ts';
import { readIfExists } from '../store/read.ts';
import { readImageConfig } from './config.ts';
import { digestOf } from './digest.ts';
import { parseJson } from './documents.ts';
import { platformOf } from './entry.ts';
import { formatReference, parseReference, type Reference, repositoryOf } from './reference.ts';
import type { ClientOptions } from './registry/endpoint.ts';
import { Repository } from './registry/repository.ts';
import { readBody } from './registry/transport.ts';
import { putManifest } from './registry/upload.ts';
import { type Descriptor, type Index, type Manifest, MEDIA, type Platform } from './types.ts';

/** A list of manifests being put together, `manifest create` and its sisters. */
export interface ManifestList {
  /** Full name. */
  readonly name: string;
  readonly members: readonly { readonly reference: string; readonly descriptor: Descriptor }[];
}

/** Kept beside the images: one file per list. */
export class ListStore {
  readonly #directory: string;
  constructor(dataRoot: string) {
    this.#directory = join(dataRoot, 'manifests');
  }

  #path(name: string): string {
    return join(this.#directory, `${digestOf(name).slice(7)}.json`);
  }

  find(name: string): ManifestList | undefined {
    const text = readIfExists(this.#path(fullName(name)));
    return text === undefined ? undefined : (JSON.parse(text) as ManifestList);
  }

  get(name: string): ManifestList {
    const list = this.find(name);
    if (list) return list;
    throw new TinyrunError('IMAGE_NOT_FOUND', `no such manifest list: ${name}`, {
      hint: 'tinyrun manifest create makes one',
    });
  }

  set(list: ManifestList): void {
    ensureDir(this.#directory);
    writeFileAtomic(this.#path(list.name), JSON.stringify(list), { durable: true });
  }

  remove(name: string): void {
    if (!existsSync(this.#path(fullName(name)))) this.get(name);
    rmSync(this.#path(fullName(name)), { force: true });
  }
}

export const fullName = (name: string): string => formatReference(parseReference(name));

/** The list as an index, in Docker's media type where all its members are Docker's. */
export function toIndex(list: ManifestList): Index {
  const manifests = list.members.map(({ descriptor }) => descriptor);
  const docker = manifests.every(({ mediaType }) => mediaType === MEDIA.dockerManifest);
  return { schemaVersion: 2, mediaType: docker ? MEDIA.dockerList : MEDIA.index, manifests };
}

export interface Fetched {
  readonly reference: Reference;
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
  readonly manifest: Manifest;
}

/** A manifest of a registry with the platform its config names. @throws TinyrunError BAD_IMAGE for an index */
export async function fetchMember(name: string, client?: ClientOptions): Promise<Fetched> {
  const reference = parseReference(name);
  const repository = new Repository(reference, client);
  try {
    const { document, descriptor, bytes } = await repository.fetchDocument(
      reference.digest ?? reference.tag ?? 'latest',
    );
    if (document.kind === 'index')
      throw new TinyrunError('BAD_IMAGE', `${name} is a list itself: name one of its manifests by digest`);
    const platform = await platformIn(repository, document.manifest);
    return { reference, descriptor: { ...descriptor, platform }, bytes, manifest: document.manifest };
  } finally {
    repository.close();
  }
}

async function platformIn(repository: Repository, manifest: Manifest): Promise<Platform> {
  const { digest } = manifest.config;
  const response = await repository.openBlob(digest, 0);
  const bytes = await readBody(response.body, manifest.config.size, `config ${digest}`);
  if (digestOf(bytes) !== digest)
    throw new TinyrunError('DIGEST_MISMATCH', `config ${digest}: its digest is ${digestOf(bytes)}`);
  return platformOf(readImageConfig(parseJson(bytes, `config ${digest}`), `config ${digest}`));
}

/** Pushes the members that the list's repository lacks, then the list; answers its digest. */
export async function pushList(list: ManifestList, client?: ClientOptions): Promise<string> {
  const reference = parseReference(list.name);
  const repository = new Repository(reference, client);
  try {
    for (const member of list.members) await pushMember(repository, member.reference, client);
    const index = toIndex(list);
    const bytes = Buffer.from(JSON.stringify(index, undefined, 3));
    await putManifest(repository, reference.tag ?? 'latest', bytes, index.mediaType ?? MEDIA.index);
    return digestOf(bytes);
  } finally {
    repository.close();
  }
}

/** Its blobs are mounted from where they are: a list spans one registry, as Docker's does. */
async function pushMember(repository: Repository, name: string, client?: ClientOptions): Promise<void> {
  const member = await fetchMember(name, client);
  if (repositoryOf(member.reference) === repositoryOf(repository.reference)) return;
  if (member.reference.domain !== repository.reference.domain)
    throw new TinyrunError('USAGE', `${name} is in another registry than the list`, {
      hint: 'push it to the registry of the list first',
    });
  const { mountBlob } = await import('./registry/upload.ts');
  for (const blob of [member.manifest.config, ...member.manifest.layers])
    await mountBlob(repository, blob, member.reference.path);
  await putManifest(repository, member.descriptor.digest, member.bytes, member.descriptor.mediaType);
}
