import type { Document } from './documents.ts';
import { familiarReference, formatReference, parseReference, type Reference } from './reference.ts';
import type { ClientOptions } from './registry/endpoint.ts';
import { type FetchedDocument, Repository } from './registry/repository.ts';
import { MEDIA } from './types.ts';

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
    if (top.document.kind === 'manifest') return describe(reference, top);
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

const contentOf = (document: Document): object =>
  document.kind === 'index' ? document.index : document.manifest;

/** Docker's names. */
function describe(reference: Reference, { document, descriptor, bytes }: FetchedDocument): object {
  const member = document.mediaType === MEDIA.dockerManifest ? 'SchemaV2Manifest' : 'OCIManifest';
  const ref = reference.digest === undefined ? formatReference(reference) : familiarReference(reference);
  return { Ref: ref, Descriptor: descriptor, Raw: bytes.toString('base64'), [member]: contentOf(document) };
}
