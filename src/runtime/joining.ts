import type { ExecOptions } from '../plan/verbs/exec.ts';
import type { Process, Spec } from '../spec/types.ts';
import { ownSize } from './console.ts';
import { withHome } from './home.ts';
import { compileSeccomp } from './seccomp.ts';
import type { StateFile } from './state.ts';
import { habitableCgroup } from './whereabouts.ts';

/** A further process of a running container, whoever asks for it. */
export interface Joining {
  readonly state: StateFile;
  /** config.json as it was when the container was made. */
  readonly spec: Spec;
  readonly process: Process;
  /** Compiled filters are kept there; 0700. */
  readonly seccompCache: string;
  /** To be born into; without, the container's own, or where its first process has gone. */
  readonly cgroup?: string | undefined;
  /** It stays in the foreground: its terminal has the size of ours. */
  readonly isOurs: boolean;
}

/** What of an exec plan comes from the container itself. */
export function joinOptions({ state, spec, process, seccompCache, cgroup, isOurs }: Joining): ExecOptions {
  const { id, pid, startTime, cgroup: own } = state;
  const into = cgroup ?? (own === undefined ? undefined : habitableCgroup(state, own));
  const profile = spec.linux?.seccomp;
  const size = process.terminal === true && isOurs ? ownSize() : undefined;
  return {
    spec,
    id,
    process: withHome(process, `/proc/${pid}/root`),
    first: { pid, startTime: BigInt(startTime) },
    ...(into === undefined ? {} : { cgroup: into }),
    ...(size === undefined ? {} : { console: size }),
    ...(profile === undefined ? {} : { seccomp: compileSeccomp(profile, seccompCache) }),
  };
}
