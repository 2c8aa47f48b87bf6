import { TinyrunError } from '../../errors.ts';
import { O_NONBLOCK, O_RDWR } from '../../native/fcntl.ts';
import type { Spec } from '../../spec/types.ts';
import type { HostFacts } from '../host.ts';
import { NO_SLOT } from '../types.ts';
import { makeCgroup } from './cgroup.ts';
import { console, consoleSlot, nullInput } from './console.ts';
import { Context } from './context.ts';
import { contributions } from './contributions.ts';
import { seccompOf } from './credentials.ts';
import { devices } from './devices.ts';
import { hardening } from './hardening.ts';
import { createContainerHooks, publishState, runtimeHooks } from './hooks.ts';
import { borrowMounts, idmapSlots, openMounts } from './mount-sources.ts';
import { mounts, ownsDev } from './mounts.ts';
import { birth, limitsBeforeUserns, planBirth } from './namespaces.ts';
import type { Compiled, CompileOptions } from './options.ts';
import { oomScore } from './process.ts';
import { becomeProgram } from './program.ts';
import { enterRoot, openRootfs, overlayOutside, plainPaths, rootfs } from './rootfs.ts';

export * from './options.ts';

/**
 * The whole life of a container up to its program, as one list of steps. Pure: the same spec, host and options give
 * the same plan. `spec` must have been validated. The order of the container lane is runc's, where it matters says why.
 * @throws TinyrunError (SPEC_INVALID, CGROUP_CONTROLLER, UNSUPPORTED) for what validation cannot know.
 * @example
 * const rootfs = { kind: 'directory', path: '/r' } as const;
 * const where = { id: 'x', bundle: '/b', rootfs, wait: { kind: 'exec' } } as const;
 * const { plan } = compile(defaultSpec(), hostFacts(), { ...where, onMissingController: 'warn' });
 * console.log(plan.steps.filter(({ op }) => op === 'execve').length); // 1
 */
export function compile(spec: Spec, host: HostFacts, options: CompileOptions): Compiled {
  const c = new Context(spec, host, options);
  refuseUnsupported(c);
  loadPolicy(c);
  const cgroup = makeCgroup(c);
  const fifo = execFifo(c);
  const terminal = consoleSlot(c);
  const seccomp = seccompOf(c);
  const idmaps = idmapSlots(c);
  const root = openRootfs(c, idmaps);
  // What is mounted without a namespace would be the host's, and stay there; validation has warned.
  const wanted = c.has('mount') ? openMounts(c, idmaps) : [];
  const network = contributions(c);
  network.before();
  const born = planBirth(c);
  birth(c, born, {
    cgroupSlot: cgroup.slot,
    settleCgroup: cgroup.settle,
    undoCgroup: cgroup.undo,
    mountOutside: () => overlayOutside(c, root),
    borrow: () => borrowMounts(c, wanted),
    network,
  });
  cgroup.onceBorn?.();
  const published = c.options.publish?.(cgroup.path);
  if (!born.forks) publishState(c, published);
  cgroup.afterBirth?.();
  own(c);
  rootfs(c, root);
  plainPaths(c);
  mounts(c, wanted, cgroup.path);
  if (ownsDev(wanted)) devices(c);
  network.inside();
  runtimeHooks(c);
  createContainerHooks(c);
  enterRoot(c);
  if (c.options.nullInput) nullInput(c);
  console(c, terminal);
  hardening(c, wanted);
  becomeProgram(c, {
    seccomp,
    fifo,
    createCwd: true,
    forks: born.forks,
    published,
    limitsRaised: limitsBeforeUserns(c),
  });
  return {
    plan: { steps: c.steps },
    warnings: c.warnings,
    ...(cgroup.path === undefined ? {} : { cgroup: cgroup.path }),
    slots: {
      ...(terminal === undefined ? {} : { console: terminal }),
      ...(seccomp === undefined || seccomp.slot === NO_SLOT ? {} : { seccomp: seccomp.slot }),
    },
  };
}

function refuseUnsupported(c: Context): void {
  const rdt = c.linux.intelRdt;
  if (rdt === undefined) return;
  const fields = Object.keys(rdt).map((field) => `linux.intelRdt.${field}`);
  throw new TinyrunError('UNSUPPORTED', `${fields.join(', ') || 'linux.intelRdt'}: not supported`, {
    hint: 'this needs resctrl, which tinyrun does not drive: leave linux.intelRdt out',
  });
}

/** It stays loaded: every container of ours is under the same profile. */
function loadPolicy(c: Context): void {
  const { apparmor: value } = c.options;
  if (value === undefined) return;
  const why = `the kernel learns the profile ${c.process.apparmorProfile}, which stays for the next ones`;
  c.onHost('writeBytes', { path: '/sys/kernel/security/apparmor/.replace', value }, why);
}

/** The fifo that `start` will write to, open in the container before it is born. */
function execFifo(c: Context): number | undefined {
  const { wait } = c.options;
  if (wait.kind === 'exec') return undefined;
  const { path } = wait;
  c.onHost('mkfifo', { path, mode: 0o600 }, 'start writes one byte into it', {
    undo: [{ op: 'unlink', args: { path } }],
  });
  const slot = c.passedSlot();
  // Read and write: a fifo that its only writer has left would stay readable, and poll(2) never sleep again.
  c.onHost('open', { path, flags: O_RDWR | O_NONBLOCK, slot }, 'the container waits at it');
  return slot;
}

/** What is the process's own, while the host's /proc can still be seen. */
function own(c: Context): void {
  if (!limitsBeforeUserns(c)) oomScore(c);
  if (!c.options.noNewKeyring)
    c.inContainer(
      'sessionKeyring',
      { name: `_ses.${c.options.id}` },
      'not the session keyring of who called us',
    );
  if (c.kinship('network') === 'new')
    c.inContainer('linkUp', { name: 'lo' }, 'a new network has its loopback down');
}
