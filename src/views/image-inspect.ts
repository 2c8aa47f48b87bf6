import type { ImageDefaults, ImageRecord } from '../image/types.ts';
import type { ImageView } from '../image/view.ts';
import { withOmitted } from './omitted.ts';

/** Docker's names for what we have of it; `lowers` are the directories of its layers. */
export function describeImage(
  { id, digest, config }: ImageRecord,
  view: ImageView,
  lowers: readonly string[],
) {
  return {
    Id: id,
    RepoTags: view.tags,
    RepoDigests: view.digests,
    Parent: '',
    Comment: config.history?.at(-1)?.comment ?? '',
    Created: config.created ?? '',
    DockerVersion: config.docker_version ?? '',
    Author: config.author ?? '',
    Config: containerConfig(config.config ?? {}),
    Architecture: config.architecture,
    Variant: config.variant ?? '',
    Os: config.os,
    Size: view.entry.size,
    GraphDriver: { Data: { LowerDir: lowers.join(':') }, Name: 'overlay2' },
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: view.entry.stored },
    Descriptor: { mediaType: view.entry.mediaType, digest, size: view.entry.manifestSize },
  };
}

/** Members Docker always shows, then whatever else the image has. */
function containerConfig(config: ImageDefaults): object {
  const always = {
    User: '',
    Env: null,
    Cmd: null,
    Volumes: null,
    WorkingDir: '',
    Entrypoint: null,
    OnBuild: null,
    Labels: null,
  };
  return withOmitted({ ...always, ...config }, 'config');
}
