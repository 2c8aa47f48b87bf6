import { TinyrunError } from '../../errors.ts';

/** runc's grammar: letters, digits, `_ + - .`, up to 1024; `.` and `..` are directories, not ids. */
export function isContainerId(id: string): boolean {
  return id.length <= 1024 && /^[\w+\-.]+$/.test(id) && id !== '.' && id !== '..';
}

/** Throws TinyrunError ID_INVALID unless `id` names a container and nothing else. */
export function assertContainerId(id: string): void {
  if (isContainerId(id)) return;
  const shown =
    id.length > 64 ? `${JSON.stringify(id.slice(0, 63))}… (${id.length} characters)` : JSON.stringify(id);
  throw new TinyrunError('ID_INVALID', `container id ${shown} is not valid`);
}
