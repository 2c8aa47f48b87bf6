import type { Engine as Core } from '../engine/engine.ts';
import type { PrunedVolumes, VolumeOptions, VolumeView } from '../engine/volumes/volumes.ts';

/** What outlives containers: directories by name. */
export interface Volumes {
  /**
   * Makes one and answers its name; one that is there stays as it is.
   * @throws TinyrunError
   * @example
   * const name = await engine.volumes.create({ name: 'data', labels: { app: 'web' } });
   * console.log(name); // data
   */
  create(options?: VolumeOptions): Promise<string>;
  /**
   * By name; `filters` as of `volume ls`: `dangling=true`, `label=KEY=VALUE`, `name=TEXT`.
   * @throws TinyrunError for a filter that cannot be
   * @example
   * await engine.volumes.create({ name: 'listed', labels: { app: 'web' } });
   * const found = await engine.volumes.list(['label=app=web', 'name=listed']);
   * console.log(found.map(({ record }) => record.name)); // [ 'listed' ]
   */
  list(filters?: readonly string[], onDamaged?: (error: Error) => void): Promise<readonly VolumeView[]>;
  /**
   * @throws TinyrunError VOLUME_NOT_FOUND
   * @example
   * await engine.volumes.create({ name: 'seen' });
   * const { mountpoint, users } = await engine.volumes.inspect('seen');
   * console.log(mountpoint.endsWith('seen/_data'), users.length); // true 0
   */
  inspect(name: string): Promise<VolumeView>;
  /**
   * One that no container has; with `force` one that is not there is no failure.
   * @throws TinyrunError VOLUME_IN_USE, VOLUME_NOT_FOUND
   * @example
   * await engine.volumes.create({ name: 'gone' });
   * await engine.volumes.remove('gone');
   */
  remove(name: string, options?: { readonly force?: boolean }): Promise<void>;
  /**
   * Removes those that no container has: the ones without a name, or `all`.
   * @example
   * const { reclaimed, deleted } = await engine.volumes.prune({ filters: ['label=scratch'] });
   * console.log(reclaimed, deleted.length); // 0 0
   */
  prune(options?: { readonly all?: boolean; readonly filters?: readonly string[] }): Promise<PrunedVolumes>;
}

export const volumesOf = (core: Core): Volumes => ({
  create: core.createVolume,
  list: core.volumes,
  inspect: core.findVolume,
  remove: core.removeVolume,
  prune: core.pruneVolumes,
});
