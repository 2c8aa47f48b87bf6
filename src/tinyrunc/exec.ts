import { existsSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { type ExecOptions, execPlan } from '../plan/verbs/exec.ts';
import { hostFacts } from '../runtime/host.ts';
import { joinOptions } from '../runtime/joining.ts';
import { bear, type Life } from '../runtime/life.ts';
import { ofUs } from '../runtime/own.ts';
import { containerSpec } from '../runtime/state.ts';
import { answerYield } from '../runtime/yields.ts';
import type { Process, Spec } from '../spec/types.ts';
import { join } from '../store/join.ts';
import { checkConsoleSocket } from './console-socket.ts';
import type { Container } from './container.ts';
import { SECCOMP_CACHE } from './planned.ts';
import { refuse } from './refusals.ts';

export interface ExecRequest {
  /** Directory of all containers' state. */
  readonly root: string;
  readonly container: Container;
  readonly process: Process;
  readonly detach: boolean;
  readonly consoleSocket?: string | undefined;
  /** fds 3 … 3+n-1 stay open in the process. */
  readonly preserveFds: number;
  /** Below the container's cgroup; "" or "/" for that one itself. */
  readonly subCgroup: string;
  readonly ignorePaused: boolean;
  readonly warn: (message: string) => void;
}

function checkStatus({ status }: Container, ignorePaused: boolean): void {
  if (status === 'stopped') refuse('cannot exec in a stopped container', 'tinyrunc list shows what runs');
  if (status === 'paused' && !ignorePaused) {
    refuse(
      'cannot exec in a paused container (use --ignore-paused to override)',
      'tinyrunc resume lets it go on',
    );
  }
}

/** A sub cgroup that is asked for; none: the container's own. */
function subCgroup({ state }: Container, sub: string): string | undefined {
  const { cgroup } = state;
  if (cgroup === undefined || sub === '' || sub === '/') return undefined;
  const asked = join(cgroup, sub);
  const hint = "the path starts at the container's own cgroup, stays below it, and is there";
  if (sub.split('/').includes('..'))
    throw new TinyrunError('USAGE', `${sub} is not a sub cgroup path`, { hint });
  if (!existsSync(asked)) {
    throw new TinyrunError('USAGE', `cannot join cgroup ${asked}: no such file or directory`, { hint });
  }
  return asked;
}

function optionsOf(request: ExecRequest, spec: Spec): ExecOptions {
  const { container, process, root, preserveFds, detach } = request;
  const joined = joinOptions({
    state: container.state,
    spec,
    process,
    seccompCache: join(root, SECCOMP_CACHE),
    cgroup: subCgroup(container, request.subCgroup),
    isOurs: !detach,
  });
  const keepsLineEnds = process.terminal === true && !detach;
  return { ...joined, preserveFds, giveFiles: true, ...(keepsLineEnds ? { lineEndsStay: true } : {}) };
}

/**
 * Runs a further process in a container; it has been executed when this resolves.
 * @throws TinyrunError (CONTAINER_NOT_RUNNING, COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE, SYSCALL, USAGE)
 */
export async function execInContainer(request: ExecRequest): Promise<Life> {
  const { container, process, preserveFds } = request;
  checkStatus(container, request.ignorePaused);
  checkConsoleSocket(request.consoleSocket, process.terminal ?? false, request.detach);
  const spec = containerSpec(container.dir);
  const compiled = execPlan(hostFacts(), optionsOf(request, spec));
  compiled.warnings.forEach(request.warn);
  const onYield = answerYield({
    spec,
    slots: compiled.slots,
    state: container.state,
    status: container.status,
    scope: undefined,
    rootless: false,
  });
  return await bear({ plan: compiled.plan, parent: ofUs({ preserveFds, blocking: true, onYield }) });
}
