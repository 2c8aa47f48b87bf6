import { native } from '../native/index.ts';
import { type Compiled, YIELD } from '../plan/compile/options.ts';
import { cgroupWrites } from '../plan/compile/resources.ts';
import type { ContainerProcessState, State } from '../spec/types.ts';
import type { Bundle } from './bundle.ts';
import { sendToSocket } from './console.ts';
import { specState } from './container.ts';
import { runHooks } from './hooks.ts';
import type { LaunchOptions, Progress } from './launch.ts';
import type { StateFile } from './state.ts';
import { type ScopeName, startScope, unitProperties } from './systemd.ts';

/** What Node needs to know to do its part of a plan. */
export interface YieldContext {
  readonly bundle: Bundle;
  readonly compiled: Compiled;
  /** The state without a process. */
  readonly draft: StateFile;
  readonly scope: ScopeName | undefined;
  readonly rootless: boolean;
}

function stateNow({ draft }: YieldContext, pid: number): State {
  return specState({ ...draft, pid }, 'creating');
}

/** prestart and createRuntime: in the runtime's namespaces, before pivot_root; config.md, "POSIX-platform Hooks". */
async function hooks(context: YieldContext, { pid }: Progress): Promise<void> {
  const { prestart, createRuntime } = context.bundle.spec.hooks ?? {};
  await runHooks('prestart', prestart, stateNow(context, pid));
  await runHooks('createRuntime', createRuntime, stateNow(context, pid));
}

async function cgroup({ bundle, draft, scope, rootless }: YieldContext, { pid }: Progress): Promise<void> {
  if (scope === undefined) return;
  const writes = cgroupWrites(bundle.spec.linux?.resources ?? {});
  const properties = unitProperties(Object.fromEntries(writes.map(({ file, value }) => [file, value])));
  await startScope({ ...scope, id: draft.id, pid, properties, rootless });
}

/** The notify fd and who it belongs to, to the listener; config-linux.md, "The Container Process State". */
export function sendListener(path: string, fd: number, state: ContainerProcessState): void {
  try {
    sendToSocket(path, [fd], JSON.stringify(state));
  } finally {
    native().close(fd);
  }
}

function listener(context: YieldContext, progress: Progress): void {
  const profile = context.bundle.spec.linux?.seccomp;
  const { seccomp: slot } = context.compiled.slots;
  if (profile?.listenerPath === undefined || slot === undefined) return;
  sendListener(profile.listenerPath, progress.takeFd(slot), {
    ociVersion: context.draft.ociVersion,
    fds: ['seccompFd'],
    pid: progress.pid,
    ...(profile.listenerMetadata === undefined ? {} : { metadata: profile.listenerMetadata }),
    state: stateNow(context, progress.pid),
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
