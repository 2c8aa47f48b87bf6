import { TinyrunError } from '../../errors.ts';
import type { LinuxNamespaceType } from '../../spec/types.ts';

/** What each namespace has of its own; everything else would change the host. */
const NAMESPACED: readonly (readonly [RegExp, LinuxNamespaceType])[] = [
  [/^net\./, 'network'],
  [/^fs\.mqueue\./, 'ipc'],
  [/^kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)$/, 'ipc'],
  [/^kernel\.(hostname|domainname)$/, 'uts'],
];

/** --sysctl over the defaults; a default of a namespace that is not the container's own is left out. */
export function sysctlsOf(
  entries: readonly string[],
  defaults: Readonly<Record<string, string>>,
  isOwn: (type: LinuxNamespaceType) => boolean,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [key, value] of Object.entries(defaults)) {
    const type = namespaceOf(key);
    if (type && isOwn(type)) result[key] = value;
  }
  for (const entry of entries) {
    const at = entry.indexOf('=');
    const key = entry.slice(0, Math.max(at, 0)).replaceAll('/', '.');
    check(entry, key, isOwn);
    result[key] = entry.slice(at + 1);
  }
  return result;
}

const namespaceOf = (key: string) => NAMESPACED.find(([pattern]) => pattern.test(key))?.[1];

function check(entry: string, key: string, isOwn: (type: LinuxNamespaceType) => boolean): void {
  const fail = (problem: string) =>
    new TinyrunError('USAGE', `--sysctl ${JSON.stringify(entry)}: ${problem}`);
  if (!/^[a-z0-9_]+(\.[a-zA-Z0-9_-]+)+$/.test(key)) throw fail('not KEY=VALUE');
  const type = namespaceOf(key);
  if (!type) throw fail('belongs to no namespace: it would change the host');
  if (!isOwn(type)) throw fail(`the container shares its ${type} namespace: it would change that`);
}
