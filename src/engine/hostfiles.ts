import { join as joinInRoot } from 'node:path/posix';
import type { ImageDefaults } from '../image/types.ts';
import type { PlainPaths } from '../plan/compile/options.ts';
import type { Mount } from '../spec/types.ts';
import { dict } from '../store/dict.ts';
import { join } from '../store/join.ts';
import { readIfAny } from '../store/read.ts';
import { hostLines, hostsFile, resolvConf } from './config/lookup.ts';
import type { ContainerConfig } from './config/types.ts';

/** A file that is written into the container's directory and bound into the container. */
export interface HostFile {
  readonly name: 'hosts' | 'hostname' | 'resolv.conf';
  readonly text: string;
}

/** The three files that Docker gives every container, over whatever the image has. @throws ConfigError */
export function hostFiles(config: ContainerConfig, hostname: string): HostFile[] {
  const hosts = config.network === 'host' ? (readIfAny('/etc/hosts') ?? hostsFile()) : hostsFile(hostname);
  return [
    { name: 'hosts', text: hosts + hostLines(config) },
    { name: 'hostname', text: `${hostname}\n` },
    { name: 'resolv.conf', text: resolvConf(readIfAny('/etc/resolv.conf') ?? '', config.names) },
  ];
}

/**
 * The binds of those files. They come after the user's mounts, so that none of those hides them; a user's own mount on
 * the very place wins.
 */
export function hostFileMounts(
  files: readonly HostFile[],
  directory: string,
  taken: readonly Mount[],
  { mapped = false, readOnly = false }: { mapped?: boolean; readOnly?: boolean | undefined } = {},
): Mount[] {
  return files
    .map(({ name }) => ({
      destination: `/etc/${name}`,
      type: 'bind',
      source: join(directory, name),
      // a user namespace of its own sees them as its root's
      options: ['rbind', 'rprivate', ...(readOnly ? ['ro'] : []), ...(mapped ? ['idmap'] : [])],
    }))
    .filter((mount) => !taken.some((other) => other.destination === mount.destination));
}

/**
 * Links that are made where the image has nothing. They are all of the engine's own in a container's layer that has
 * bytes, and no bytes of the container's: its other files are empty, and bound over.
 */
export const ENGINE_LINKS: Readonly<Record<string, string>> = dict({ '/etc/mtab': '/proc/mounts' });

/** What an image cannot decide: Docker has these in a layer of its own above the image. */
export function plainPaths({ Volumes }: ImageDefaults): PlainPaths {
  return {
    dirs: ['/dev', '/proc', '/sys'],
    files: ['/.dockerenv', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf'],
    links: ENGINE_LINKS,
    mountpoints: Object.keys(Volumes ?? {}).map((path) => joinInRoot('/', path)),
  };
}
