// The documents of the OCI image specification 1.1 and of Docker's schema 2, as far as tinyrun reads them.

export const MEDIA = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerForeign: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
} as const;

export const INDEX_TYPES: readonly string[] = [MEDIA.index, MEDIA.dockerList];
export const MANIFEST_TYPES: readonly string[] = [MEDIA.manifest, MEDIA.dockerManifest];

/** descriptor.md; `size` in bytes of the blob as stored. */
export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  urls?: string[];
  annotations?: Record<string, string>;
  platform?: Platform;
  artifactType?: string;
}

/** GOOS, GOARCH and the variant: linux, arm64, v8. */
export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
  'os.version'?: string;
  'os.features'?: string[];
}

export interface Manifest {
  schemaVersion: 2;
  mediaType?: string;
  artifactType?: string;
  config: Descriptor;
  layers: Descriptor[];
  annotations?: Record<string, string>;
}

export interface Index {
  schemaVersion: 2;
  mediaType?: string;
  manifests: Descriptor[];
  annotations?: Record<string, string>;
}

export interface Healthcheck {
  Test?: string[];
  /** Nanoseconds, like the other times. */
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}

/** What a container is started with, config.md `config`. */
export interface ImageDefaults {
  User?: string;
  ExposedPorts?: Record<string, object>;
  Env?: string[] | null;
  Entrypoint?: string[] | null;
  Cmd?: string[] | null;
  Volumes?: Record<string, object> | null;
  WorkingDir?: string;
  Labels?: Record<string, string> | null;
  StopSignal?: string;
  Healthcheck?: Healthcheck;
  Shell?: string[];
  ArgsEscaped?: boolean;
  OnBuild?: string[] | null;
  [other: string]: unknown;
}

export interface HistoryEntry {
  created?: string;
  author?: string;
  created_by?: string;
  comment?: string;
  empty_layer?: boolean;
}

/** config.md: the image itself; its digest is the image's id. */
export interface ImageConfig {
  created?: string;
  author?: string;
  architecture: string;
  os: string;
  variant?: string;
  'os.version'?: string;
  config?: ImageDefaults;
  rootfs: { type: 'layers'; diff_ids: string[] };
  history?: HistoryEntry[];
  docker_version?: string;
}

/** One layer of a stored image: `digest` and `size` of the blob, `diffId` of the tar inside it. */
export interface ImageLayer {
  readonly diffId: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
}

/** A stored image with its documents read. */
export interface ImageRecord {
  /** Digest of the config, Docker's image id: `sha256:…`. */
  readonly id: string;
  /** Digest of the manifest. */
  readonly digest: string;
  /** Full name it was found by; undefined when found by id and it has no name. */
  readonly reference?: string;
  readonly config: ImageConfig;
  readonly manifest: Manifest;
  /** Bottom layer first. */
  readonly layers: readonly ImageLayer[];
}

export const ANNOTATION = {
  /** Unique in our index, so that `skopeo copy oci:DIR:NAME` and `umoci --image DIR:NAME` find it. */
  refName: 'org.opencontainers.image.ref.name',
  containerdName: 'io.containerd.image.name',
  /** Digest of the config, so that listing reads one file. */
  id: 'org.tinyrun.image.id',
  /** RFC 3339. */
  created: 'org.tinyrun.image.created',
  /** Bytes of the unpacked layers. */
  size: 'org.tinyrun.image.size',
  /** What the registry calls it: `host/name@sha256:…`, separated by spaces. */
  repoDigests: 'org.tinyrun.repo.digests',
  /** Diff ids, separated by spaces: what garbage collection and `system df` need. */
  layers: 'org.tinyrun.image.layers',
  /** Labels as JSON, for filters. */
  labels: 'org.tinyrun.image.labels',
  /** When it got here, RFC 3339. */
  stored: 'org.tinyrun.image.stored',
} as const;
