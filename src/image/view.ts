import type { StoredImage } from './entry.ts';
import { familiarOf } from './reference.ts';

/** An image with all its names: what a person thinks an image is. */
export interface ImageView {
  readonly id: string;
  /** Of the entries, the first: they share id, size and dates. */
  readonly entry: StoredImage;
  /** `alpine:latest`. */
  readonly tags: readonly string[];
  /** `alpine@sha256:…`. */
  readonly digests: readonly string[];
}

/** The index's entries by image, newest first, as docker images sorts. */
export function views(entries: readonly StoredImage[]): ImageView[] {
  const byId = new Map<string, StoredImage[]>();
  for (const entry of entries) {
    const group = byId.get(entry.id);
    if (group) group.push(entry);
    else byId.set(entry.id, [entry]);
  }
  const timed = [...byId.values()].map((group) => ({
    view: viewOf(group),
    time: Date.parse(group[0]?.created ?? ''),
  }));
  return timed.sort((a, b) => b.time - a.time).map(({ view }) => view);
}

function viewOf(entries: readonly StoredImage[]): ImageView {
  const [entry] = entries as [StoredImage, ...StoredImage[]];
  const tags = entries.flatMap(({ name }) => (name === undefined ? [] : [familiarOf(name)]));
  const digests = entries.flatMap(({ repoDigests }) => repoDigests.map(familiarOf));
  return { id: entry.id, entry, tags: tags.sort(), digests: [...new Set(digests)].sort() };
}

/** One line of `docker images`: a repository with its tag, or with its digest alone. */
export interface ImageLine {
  readonly view: ImageView;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

export const NONE = '<none>';

/** A view's lines: one per tag; without tags one per repository that knows it by digest; else one of `<none>`. */
export function linesOf(view: ImageView): ImageLine[] {
  const digestOf = (repository: string): string =>
    view.digests.find((name) => name.startsWith(`${repository}@`))?.slice(repository.length + 1) ?? NONE;
  const lines = view.tags.map((tagged) => {
    const colon = tagged.lastIndexOf(':');
    const repository = tagged.slice(0, colon);
    const tag = tagged.slice(colon + 1);
    return { view, repository, tag, digest: digestOf(repository) };
  });
  if (lines.length > 0) return lines;
  const repositories = [...new Set(view.digests.map((name) => name.slice(0, name.indexOf('@'))))];
  if (repositories.length === 0) return [{ view, repository: NONE, tag: NONE, digest: NONE }];
  return repositories.map((repository) => ({ view, repository, tag: NONE, digest: digestOf(repository) }));
}
