import { TinyrunError } from '../errors.ts';
import { type HostFacts, holds, kernelAtLeast } from '../plan/host.ts';

/** What gives CAP_SYS_ADMIN to a root that has been deprived of it. */
export const ROOT_WITHOUT =
  'this root is that of a container or a sandbox: run it with --privileged (docker, podman), or run tinyrun on its host';

/**
 * What nothing can be done without, told before anything is made rather than as the errno of some step.
 * @throws TinyrunError PERMISSION, UNSUPPORTED
 */
export function checkHost(host: HostFacts): void {
  if (!kernelAtLeast(host, 5, 12))
    throw new TinyrunError(
      'UNSUPPORTED',
      `Linux ${host.kernel.release} is too old: mount_setattr(2) came with 5.12`,
      {
        hint: 'boot a newer kernel; tinyrun doctor checks what else is missing',
      },
    );
  if (!holds(host, 'CAP_SYS_ADMIN'))
    throw new TinyrunError('PERMISSION', 'containers need root here: this process lacks CAP_SYS_ADMIN', {
      hint: host.uid === 0 ? ROOT_WITHOUT : 'run it with sudo',
    });
}
