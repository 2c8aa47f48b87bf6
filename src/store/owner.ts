import { readFileSync } from 'node:fs';

/** Login name of a uid of the host; '' where /etc/passwd has none, as runc has it. */
export function ownerName(uid: number, passwd = () => readFileSync('/etc/passwd', 'utf8')): string {
  try {
    const line = passwd()
      .split('\n')
      .find((entry) => entry.split(':')[2] === String(uid));
    return line?.split(':')[0] ?? '';
  } catch {
    return '';
  }
}
