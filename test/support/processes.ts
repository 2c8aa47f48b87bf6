// Processes of the host, as a test looks for them.
import { readdirSync, readFileSync } from 'node:fs';
import { hasEnded, until } from './programs.ts';

/** All of the host's. */
export const pids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** The cgroups that a living process is counted in, as /proc has them. */
export const cgroupsOf = (pid: number): string => (hasEnded(pid) ? '' : read(pid, 'cgroup'));

/** Living processes of the container of this id. */
export const processesOf = (id: string): number[] =>
  pids().filter((pid) => cgroupsOf(pid).includes(`/${id}`));

/** Of these, what runs with these arguments: other files' containers run the same meanwhile. */
export function pidsOf(id: string, ...args: readonly string[]): number[] {
  const commandLine = args.map((arg) => `${arg}\0`).join('');
  return processesOf(id).filter((pid) => read(pid, 'cmdline') === commandLine);
}

/** The one that is about to run so. */
export async function pidOf(id: string, ...args: readonly string[]): Promise<number> {
  let found: number[] = [];
  await until(() => {
    found = pidsOf(id, ...args);
    return found.length === 1;
  });
  return found[0] ?? 0;
}

/** Nothing of a process that has just ended. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
