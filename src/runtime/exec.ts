import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TinyrunError } from '../errors.ts';
import { type ExecOptions, execPlan } from '../plan/verbs/exec.ts';
import type { Process, Spec } from '../spec/types.ts';
import { readIfExists } from '../store/read.ts';
import { checkConsoleSocket, ownSize } from './console.ts';
import type { Container } from './container.ts';
import { withHome } from './home.ts';
import { hostFacts } from './host.ts';
import { type Launched, launch, launchSync } from './launch.ts';
import { SECCOMP_CACHE } from './planned.ts';
import { compileSeccomp } from './seccomp.ts';
import { containerSpec, type StateFile } from './state.ts';
import { cgroupOf } from './whereabouts.ts';
import { answerYield } from './yields.ts';

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

/** runc's words. */
function checkStatus({ status }: Container, ignorePaused: boolean): void {
  const refuse = (message: string, hint: string): never => {
    throw new TinyrunError('CONTAINER_NOT_RUNNING', message, { hint });
  };
  if (status === 'stopped') refuse('cannot exec in a stopped container', 'tinyrunc list shows what runs');
  if (status === 'paused' && !ignorePaused) {
    refuse(
      'cannot exec in a paused container (use --ignore-paused to override)',
      'tinyrunc resume lets it go on',
    );
  }
}

function cgroupFor({ state }: Container, sub: string): string | undefined {
  const { cgroup } = state;
  if (cgroup === undefined) return undefined;
  const asked = join(cgroup, sub);
  if (sub === '' || sub === '/') return habitable(state, cgroup);
  const hint = "the path starts at the container's own cgroup, stays below it, and is there";
  if (sub.split('/').includes('..'))
    throw new TinyrunError('USAGE', `${sub} is not a sub cgroup path`, { hint });
  if (!existsSync(asked)) {
    throw new TinyrunError('USAGE', `cannot join cgroup ${asked}: no such file or directory`, { hint });
  }
  return asked;
}

/**
 * A container that manages cgroups of its own (systemd) has moved its processes further down and given controllers to
 * them: no process may be in its top one then (cgroup-v2.rst, "No Internal Process Constraint"). Like runc, exec goes
 * where the first process is; and so it does where the container's own cgroup is gone.
 */
function habitable({ id, pid }: StateFile, cgroup: string): string {
  const given = readIfExists(join(cgroup, 'cgroup.subtree_control'))?.trim();
  if (given === '') return cgroup;
  const now = cgroupOf(pid);
  if (given !== undefined) return now?.startsWith(`${cgroup}/`) ? now : cgroup;
  if (now !== undefined) return now;
  throw new TinyrunError(
    'UNSUPPORTED',
    `the cgroup of container ${id} cannot be found: ${cgroup} is gone, and process ${pid} is in none`,
    { hint: `move process ${pid} to a cgroup of its own` },
  );
}

function optionsOf(request: ExecRequest, spec: Spec): ExecOptions {
  const { container, process, root, preserveFds } = request;
  const { id, pid, startTime } = container.state;
  const cgroup = cgroupFor(container, request.subCgroup);
  const profile = spec.linux?.seccomp;
  const isOurs = process.terminal === true && !request.detach;
  const size = isOurs ? ownSize() : undefined;
  return {
    spec,
    id,
    process: withHome(process, `/proc/${pid}/root`),
    pid,
    startTime: BigInt(startTime),
    preserveFds,
    giveFiles: true,
    ...(cgroup === undefined ? {} : { cgroup }),
    ...(isOurs ? { lineEndsStay: true } : {}),
    ...(size === undefined ? {} : { console: size }),
    ...(profile === undefined ? {} : { seccomp: compileSeccomp(profile, join(root, SECCOMP_CACHE)) }),
  };
}

/**
 * Runs a further process in a container; it has been executed when this resolves.
 * @throws TinyrunError (CONTAINER_NOT_RUNNING, COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE, SYSCALL, USAGE)
 */
export async function execInContainer(request: ExecRequest): Promise<Launched> {
  const { container, process, preserveFds } = request;
  checkStatus(container, request.ignorePaused);
  checkConsoleSocket(request.consoleSocket, process.terminal ?? false, request.detach);
  const spec = containerSpec(container.dir);
  const compiled = execPlan(hostFacts(), optionsOf(request, spec));
  compiled.warnings.forEach(request.warn);
  const common = { plan: compiled.plan, preserveFds };
  if (!compiled.plan.steps.some(({ op }) => op === 'yield')) return launchSync(common);
  const onYield = answerYield({
    spec,
    slots: compiled.slots,
    state: container.state,
    status: container.status,
    scope: undefined,
    rootless: false,
  });
  return await launch({ ...common, onYield });
}
