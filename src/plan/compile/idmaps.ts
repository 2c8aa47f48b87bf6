import type { LinuxIDMapping } from '../../spec/types.ts';

/** user_namespaces(7): one line per range, "inside outside length". */
export function mapText(mappings: readonly LinuxIDMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join('');
}

/** Whether the maps give an id of the container any id of the host. */
export function isMapped(mappings: readonly LinuxIDMapping[], id: number): boolean {
  return mappings.some(({ containerID, size }) => id >= containerID && id < containerID + size);
}
