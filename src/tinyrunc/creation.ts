import { ANNOUNCE_FLAGS } from './announce.ts';
import type { Flag } from './args.ts';
import type { CreateOptions } from './create.ts';
import { listenEnv, listenFds, preservedFds } from './fds.ts';
import type { VerbContext } from './verb.ts';

/** The flags that `create` and `run` share. */
export const CREATE_FLAGS: readonly Flag[] = [
  {
    names: ['bundle', 'b'],
    kind: 'string',
    help: 'path to the root of the bundle directory, defaults to the current directory',
  },
  ...ANNOUNCE_FLAGS,
  { names: ['no-pivot'], kind: 'bool', help: 'do not use pivot root to jail process inside rootfs' },
  { names: ['no-new-keyring'], kind: 'bool', help: 'do not create a new session keyring for the container' },
  { names: ['preserve-fds'], kind: 'string', help: 'pass N additional file descriptors to the container' },
];

/** What the flags of `create` and `run` ask for. @throws TinyrunError (USAGE) */
export function createOptions(
  { root, log, systemdCgroup, rootless, flags }: VerbContext,
  mode: Pick<CreateOptions, 'until' | 'detach'>,
): CreateOptions {
  const listening = listenFds(process.env);
  return {
    ...mode,
    root,
    id: flags.args[0] ?? '',
    bundle: flags.string('bundle') || '.',
    consoleSocket: flags.string('console-socket'),
    preserveFds: preservedFds(flags, listening),
    env: listenEnv(listening),
    noPivot: flags.bool('no-pivot'),
    noNewKeyring: flags.bool('no-new-keyring'),
    systemdCgroup,
    rootless,
    warn: (message) => log.warn(message),
  };
}
