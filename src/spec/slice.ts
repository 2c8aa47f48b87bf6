import { TinyrunError } from '../errors.ts';

/** The cgroup path of a slice: a dash is a level, systemd.slice(5). `a-b.slice` → `/a.slice/a-b.slice`. */
export function expandSlice(slice: string): string {
  const name = slice.slice(0, -'.slice'.length);
  if (name === '-' || name === '') return '';
  if (name.startsWith('-') || name.endsWith('-') || name.includes('--') || name.includes('/')) {
    throw new TinyrunError('SPEC_INVALID', `invalid slice name ${JSON.stringify(slice)}`);
  }
  const parts = name.split('-');
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('-')}.slice`).join('');
}
