import { ANNOTATION, type Descriptor, type ImageConfig, type Platform } from './types.ts';

/** One name of a stored image, or a nameless image: an entry of index.json, with what a listing shows of it. */
export interface StoredImage {
  /** Digest of the config. */
  readonly id: string;
  /** Digest, media type and size of the manifest. */
  readonly digest: string;
  readonly mediaType: string;
  readonly manifestSize: number;
  readonly platform: Platform;
  /** `docker.io/library/alpine:latest`; undefined for a dangling image. */
  readonly name?: string;
  /** RFC 3339. */
  readonly created: string;
  readonly stored: string;
  /** Bytes of the unpacked layers. */
  readonly size: number;
  /** `docker.io/library/alpine@sha256:…`, as pulled or pushed. */
  readonly repoDigests: readonly string[];
  /** Bottom first. */
  readonly diffIds: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** An index without a date has Docker's zero time. */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

/** What index.json holds for a stored image. */
export function toDescriptor(image: StoredImage): Descriptor {
  const annotations: Record<string, string> = {
    ...(image.name !== undefined && {
      [ANNOTATION.refName]: image.name,
      [ANNOTATION.containerdName]: image.name,
    }),
    [ANNOTATION.id]: image.id,
    [ANNOTATION.created]: image.created,
    [ANNOTATION.stored]: image.stored,
    [ANNOTATION.size]: String(image.size),
    [ANNOTATION.layers]: image.diffIds.join(' '),
    ...(image.repoDigests.length > 0 && { [ANNOTATION.repoDigests]: image.repoDigests.join(' ') }),
    ...(Object.keys(image.labels).length > 0 && { [ANNOTATION.labels]: JSON.stringify(image.labels) }),
  };
  const { mediaType, digest, platform, manifestSize: size } = image;
  return { mediaType, digest, size, platform, annotations };
}

/** Entries others wrote into the layout (no id of ours) answer undefined: they are kept but are not images yet. */
export function fromDescriptor(descriptor: Descriptor): StoredImage | undefined {
  const notes = descriptor.annotations ?? {};
  const id = notes[ANNOTATION.id];
  if (id === undefined) return undefined;
  const name = notes[ANNOTATION.refName];
  return {
    id,
    digest: descriptor.digest,
    mediaType: descriptor.mediaType,
    manifestSize: descriptor.size,
    platform: descriptor.platform ?? { os: 'linux', architecture: 'unknown' },
    ...(name !== undefined && { name }),
    created: notes[ANNOTATION.created] ?? ZERO_TIME,
    stored: notes[ANNOTATION.stored] ?? ZERO_TIME,
    size: Number(notes[ANNOTATION.size] ?? 0),
    repoDigests: words(notes[ANNOTATION.repoDigests]),
    // Read where they are asked for: a listing of hundreds asks for neither.
    get diffIds() {
      return words(notes[ANNOTATION.layers]);
    },
    get labels() {
      return JSON.parse(notes[ANNOTATION.labels] ?? '{}') as Record<string, string>;
    },
  };
}

const words = (text: string | undefined): string[] => (text ? text.split(' ') : []);

/** The platform an image says it is for. */
export function platformOf(config: ImageConfig): Platform {
  const { os, architecture, variant } = config;
  return { os, architecture, ...(variant !== undefined && { variant }) };
}
