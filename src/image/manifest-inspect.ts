import { TinyrunError } from '../errors.ts';
import { digestOf } from './digest.ts';
import { type Document, MAX_DOCUMENT, parseConfig } from './documents.ts';
import { platformOf } from './entry.ts';
import { familiarReference, formatReference, parseReference, type Reference } from './reference.ts';
import type { ClientOptions } from './registry/endpoint.ts';
import { type FetchedDocument, Repository } from './registry/repository.ts';
import { readBody } from './registry/transport.ts';
import { type Descriptor, type Manifest, MEDIA } from './types.ts';

/** What `manifest inspect` prints: the document itself, or with `verbose` each manifest with its descriptor. */
export async function inspectManifest(
  name: string,
  verbose: boolean,
  client?: ClientOptions,
): Promise<unknown> {
  const reference = parseReference(name);
  const repository = new Repository(reference, client);
  try {
    const top = await repository.fetchDocument(reference.digest ?? reference.tag ?? 'latest');
    if (!verbose) return contentOf(top.document);
    if (top.document.kind === 'manifest') {
      const descriptor = await withPlatform(repository, top.descriptor, top.document.manifest);
      return describe(reference, { ...top, descriptor });
    }
    const members = [];
    for (const one of top.document.index.manifests) {
      const found = await repository.fetchDocument(one.digest, undefined, one);
      const { tag: _, ...untagged } = reference;
      members.push(describe({ ...untagged, digest: one.digest }, { ...found, descriptor: one }));
    }
    return members;
  } finally {
    repository.close();
  }
}

/** What an index would say of it, from its config. */
async function withPlatform(
  repository: Repository,
  descriptor: Descriptor,
  manifest: Manifest,
): Promise<Descriptor> {
  const { digest } = manifest.config;
  const response = await repository.openBlob(digest, 0);
  const bytes = await readBody(response.body, MAX_DOCUMENT, `config ${digest}`);
  const got = digestOf(bytes);
  if (got !== digest) throw new TinyrunError('DIGEST_MISMATCH', `config ${digest}: its digest is ${got}`);
  return { ...descriptor, platform: platformOf(parseConfig(bytes, manifest, `config ${digest}`)) };
}

const contentOf = (document: Document): object =>
  document.kind === 'index' ? document.index : document.manifest;

/** Docker's names. */
function describe(reference: Reference, { document, descriptor, bytes }: FetchedDocument): object {
  const member = document.mediaType === MEDIA.dockerManifest ? 'SchemaV2Manifest' : 'OCIManifest';
  const ref = reference.digest === undefined ? formatReference(reference) : familiarReference(reference);
  return { Ref: ref, Descriptor: descriptor, Raw: bytes.toString('base64'), [member]: contentOf(document) };
}
