import { readFileSync } from 'node:fs';
import { errnoOf } from '../errors.ts';
import type { IdMaps } from '../plan/compile/options.ts';
import { type HostFacts, kernelAtLeast } from '../plan/host.ts';
import { ConfigError } from './config/error.ts';

/** Ids in a container, 0 to 65535: what images use. */
const SIZE = 65536;
/** Where user namespaces of containers begin where nobody said otherwise (systemd's uid ranges, UIDS-GIDS.md). */
const DEFAULT_START = 524288;
/** Whose entry in subuid(5) counts: our own, then the one Podman's --userns=auto reads. */
const OWNERS = ['tinyrun', 'containers'];

/** The first id of the owner's first range that is large enough; undefined without one. */
export function subordinateStart(text: string, owner: string): number | undefined {
  for (const line of text.split('\n')) {
    const [name, start, count] = line.split(':');
    if (name === owner && Number(count) >= SIZE && Number.isSafeInteger(Number(start))) return Number(start);
  }
  return undefined;
}

function startIn(file: string): number {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  const starts = OWNERS.map((owner) => subordinateStart(text, owner));
  return starts.find((start) => start !== undefined) ?? DEFAULT_START;
}

/**
 * The ids of a user namespace of its own: 65536 of them, from subuid(5) and subgid(5).
 * @throws TinyrunError where overlayfs cannot take layers with mapped ids
 */
export function idMapsOf(host: HostFacts): IdMaps {
  if (!kernelAtLeast(host, 5, 19))
    throw new ConfigError('namespaces.user', `overlayfs of ${host.kernel.release} takes no idmapped layers`, {
      code: 'UNSUPPORTED',
      hint: 'this needs Linux 5.19: boot a newer kernel, or leave {namespaces.user} out',
    });
  const map = (file: string) => [{ containerID: 0, hostID: startIn(file), size: SIZE }];
  return { uidMappings: map('/etc/subuid'), gidMappings: map('/etc/subgid') };
}
