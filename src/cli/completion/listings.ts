import { existsSync, readdirSync } from 'node:fs';
import { containerIds, readRecord, viewOf } from '../../engine/record.ts';
import type { ContainerStatus } from '../../engine/status.ts';
import { CredentialStore } from '../../image/registry/credentials.ts';
import { ImageStore } from '../../image/store.ts';
import { views } from '../../image/view.ts';
import type { Roots } from '../../store/paths.ts';
import type { Candidate } from './answer.ts';
import type { Listing } from './values.ts';

/** Reads a listing. Nothing is swept or made: whoever presses a key asks for nothing to happen. */
export function list(listing: Listing, roots: Roots, typed: string): readonly Candidate[] {
  switch (listing) {
    case 'containers':
      return containers(roots, typed, () => true);
    case 'running':
      return containers(roots, typed, (status) => status === 'running');
    case 'paused':
      return containers(roots, typed, (status) => status === 'paused');
    case 'stopped':
      return containers(roots, typed, (status) => status === 'created' || status === 'exited');
    case 'images':
      return images(roots, typed);
    case 'networks':
      return networks(roots);
    case 'volumes':
      return volumes(roots);
    case 'registries':
      return registries();
    case 'variables':
      return Object.keys(process.env).map((word) => ({ word }));
    default:
      return [];
  }
}

/** Names; ids where what is typed begins one. */
function containers(roots: Roots, typed: string, fits: (status: ContainerStatus) => boolean): Candidate[] {
  return containerIds(roots).flatMap((id) => {
    const record = readRecord(roots, id);
    if (!record || !fits(viewOf(roots, record).status)) return [];
    const about = record.config.image;
    const byId = /^[0-9a-f]+$/.test(typed) && id.startsWith(typed);
    return [
      { word: record.name, about },
      ...(byId ? [{ word: id.slice(0, Math.max(12, typed.length)), about }] : []),
    ];
  });
}

/** `name:tag`; ids where what is typed begins one. */
function images(roots: Roots, typed: string): Candidate[] {
  return views(new ImageStore(roots.dataRoot).list()).flatMap(({ id, tags }) => {
    const digits = id.slice('sha256:'.length);
    const byId = /^[0-9a-f]+$/.test(typed) && digits.startsWith(typed);
    const words = byId ? [...tags, digits.slice(0, Math.max(12, typed.length))] : tags;
    return words.map((word) => ({ word }));
  });
}

/** `bridge` is always there; where `host` and `none` can be meant, they are words of their own. */
function networks({ dataRoot }: Roots): Candidate[] {
  const dir = `${dataRoot}/networks/names`;
  const names = existsSync(dir) ? readdirSync(dir) : [];
  return [...new Set(['bridge', ...names])].map((word) => ({ word }));
}

function volumes({ dataRoot }: Roots): Candidate[] {
  const dir = `${dataRoot}/volumes`;
  const names = existsSync(dir) ? readdirSync(dir) : [];
  return names.filter((name) => !name.startsWith('.')).map((word) => ({ word }));
}

function registries(): Candidate[] {
  return new CredentialStore().servers().map((word) => ({ word }));
}
