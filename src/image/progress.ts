/** What happens to one layer, in Docker's words. */
export type LayerStatus =
  | 'Pulling fs layer'
  | 'Waiting'
  | 'Downloading'
  | 'Verifying Checksum'
  | 'Download complete'
  | 'Extracting'
  | 'Pull complete'
  | 'Already exists'
  | 'Preparing'
  | 'Pushing'
  | 'Pushed'
  | 'Layer already exists'
  | `Mounted from ${string}`;

export interface Progress {
  /** The first 12 digits of the layer's digest. */
  readonly id: string;
  readonly status: LayerStatus;
  /** Bytes, where the status has them. */
  readonly current?: number;
  readonly total?: number;
}

export type OnProgress = (progress: Progress) => void;

/** `sha256:4abcf2066143…` as `4abcf2066143`. */
export const shortDigest = (digest: string): string => digest.slice(digest.indexOf(':') + 1).slice(0, 12);
