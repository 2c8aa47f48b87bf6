import { native } from '../native/index.ts';
import { type Compiled, YIELD } from '../plan/compile/options.ts';
import { cgroupWrites } from '../plan/compile/resources.ts';
import type { ContainerProcessState, Spec } from '../spec/types.ts';
import { sendToSocket } from './console.ts';
import { runHooks } from './hooks.ts';
import type { LaunchOptions, Progress } from './launch.ts';
import { type StateFile, type Status, specState } from './state.ts';
import { type ScopeName, startScope, unitProperties } from './systemd.ts';

/** What Node needs to know to do its part of a plan. */
export interface YieldContext {
  readonly spec: Spec;
  readonly slots: Compiled['slots'];
  /** Its pid is not looked at: a container under way has none yet, and an exec another. */
  readonly state: StateFile;
  readonly status: Status;
  readonly scope: ScopeName | undefined;
  readonly rootless: boolean;
}

/** prestart and createRuntime: in the runtime's namespaces, before pivot_root; config.md, "POSIX-platform Hooks". */
async function hooks({ spec, state, status }: YieldContext, { pid }: Progress): Promise<void> {
  const { prestart, createRuntime } = spec.hooks ?? {};
  const now = specState({ ...state, pid }, status);
  await runHooks('prestart', prestart, now);
  await runHooks('createRuntime', createRuntime, now);
}

async function cgroup({ spec, state, scope, rootless }: YieldContext, { pid }: Progress): Promise<void> {
  if (scope === undefined) return;
  const writes = cgroupWrites(spec.linux?.resources ?? {});
  const properties = unitProperties(Object.fromEntries(writes.map(({ file, value }) => [file, value])));
  await startScope({ ...scope, id: state.id, pid, properties, rootless });
}

/** The notify fd and who it belongs to, to the listener; config-linux.md, "The Container Process State". */
export function sendListener(path: string, fd: number, state: ContainerProcessState): void {
  try {
    sendToSocket(path, [fd], JSON.stringify(state));
  } finally {
    native().close(fd);
  }
}

function listener({ spec, slots, state, status }: YieldContext, { pid, takeFd }: Progress): void {
  const profile = spec.linux?.seccomp;
  if (profile?.listenerPath === undefined || slots.seccomp === undefined) return;
  // The container of an exec has its own first process; that of a creation is this one.
  const ofContainer = state.pid === 0 ? { ...state, pid } : state;
  sendListener(profile.listenerPath, takeFd(slots.seccomp), {
    ociVersion: state.ociVersion,
    fds: ['seccompFd'],
    pid,
    ...(profile.listenerMetadata === undefined ? {} : { metadata: profile.listenerMetadata }),
    state: specState(ofContainer, status),
  });
}

/** Node's part of a plan, by the tag of the yield step. */
export function answerYield(context: YieldContext): NonNullable<LaunchOptions['onYield']> {
  return async (tag, progress) => {
    if (tag === YIELD.hooks) await hooks(context, progress);
    if (tag === YIELD.cgroup) await cgroup(context, progress);
    if (tag === YIELD.seccomp) listener(context, progress);
  };
}
