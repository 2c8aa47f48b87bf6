import type { LinuxNamespaceType } from '../../spec/types.ts';
import { ConfigError } from './error.ts';

/** What each namespace has of its own; everything else would change the host. */
const NAMESPACED: readonly (readonly [RegExp, LinuxNamespaceType])[] = [
  [/^net\./, 'network'],
  [/^fs\.mqueue\./, 'ipc'],
  [/^kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)$/, 'ipc'],
  [/^kernel\.(hostname|domainname)$/, 'uts'],
];

/** Those asked for over the defaults; a default of a namespace that is not the container's own is left out. */
export function sysctlsOf(
  asked: Readonly<Record<string, string>>,
  defaults: Readonly<Record<string, string>>,
  isOwn: (type: LinuxNamespaceType) => boolean,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [key, value] of Object.entries(defaults)) {
    const type = namespaceOf(key);
    if (type && isOwn(type)) result[key] = value;
  }
  for (const [name, value] of Object.entries(asked)) {
    const key = name.replaceAll('/', '.');
    check(`sysctls.${name}`, key, isOwn);
    result[key] = value;
  }
  return result;
}

const namespaceOf = (key: string) => NAMESPACED.find(([pattern]) => pattern.test(key))?.[1];

function check(field: string, key: string, isOwn: (type: LinuxNamespaceType) => boolean): void {
  if (!/^[a-z0-9_]+(\.[a-zA-Z0-9_-]+)+$/.test(key)) throw new ConfigError(field, 'not KEY=VALUE');
  const type = namespaceOf(key);
  if (!type) throw new ConfigError(field, 'belongs to no namespace: it would change the host');
  if (!isOwn(type))
    throw new ConfigError(field, `the container shares its ${type} namespace: it would change that`);
}
