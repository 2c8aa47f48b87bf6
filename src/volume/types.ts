/** What is kept of a volume: volume.json beside its files. */
export interface VolumeRecord {
  readonly version: 1;
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly created: string;
  /** Made for one container that gave it no name. */
  readonly anonymous: boolean;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Nothing of an image is copied into it any more. */
  readonly seeded: boolean;
}
