import { capabilityMask, SECCOMP_FILTER_FLAGS } from '../../spec/linux.ts';
import { NO_SLOT } from '../types.ts';
import type { Context } from './context.ts';
import { STAGE, YIELD } from './options.ts';
import { becomeUser, type Capabilities, capabilities } from './process.ts';

// User, capabilities and seccomp hang together: seccomp(2) takes either CAP_SYS_ADMIN or no_new_privs. Without
// no_new_privs that one capability is kept until the filter is loaded, and so the filter comes last in both cases,
// with as few system calls after it as can be: capset(2) where a capability is still to be dropped, and execve(2).
// (runc loads it before setgroups, setresuid and the rest, which every profile then has to allow.)

const SYS_ADMIN = capabilityMask(['CAP_SYS_ADMIN']);

export interface Seccomp {
  readonly filter: Uint8Array;
  readonly flags: number;
  /** Where the notify fd comes back, or NO_SLOT. */
  readonly slot: number;
}

/** The filter and, with a listener, its slot; undefined without a filter. */
export function seccompOf(c: Context): Seccomp | undefined {
  const compiled = c.options.seccomp;
  if (compiled === undefined || c.linux.seccomp === undefined) return undefined;
  const listens = Boolean(c.linux.seccomp.listenerPath);
  const flag = listens ? SECCOMP_FILTER_FLAGS.SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
  return { filter: compiled.filter, flags: compiled.flags | flag, slot: listens ? c.slot() : NO_SLOT };
}

const keepsAdmin = (c: Context, seccomp: Seccomp | undefined): boolean =>
  seccomp !== undefined && !c.process.noNewPrivileges;

function capSet(c: Context, sets: Capabilities, extra: bigint, why: string): void {
  const { effective, permitted, inheritable, ambient } = sets;
  c.inContainer(
    'capSet',
    {
      effective: effective | extra,
      permitted: permitted | extra,
      inheritable,
      ambient: extra === 0n ? ambient : 0n,
    },
    why,
  );
}

/** Everything up to the filter: bounding set, no_new_privs, user, capabilities. */
export function dropPrivileges(c: Context, seccomp: Seccomp | undefined): Capabilities {
  const sets = capabilities(c);
  c.inContainer('capBounding', { keep: sets.bounding }, 'what no program in it can ever gain, setuid or not');
  if (c.process.noNewPrivileges) c.inContainer('noNewPrivs', {}, 'setuid programs give nothing');
  becomeUser(c);
  const extra = keepsAdmin(c, seccomp) ? SYS_ADMIN : 0n;
  const why =
    extra === 0n ? 'the capabilities of the program' : 'these, and CAP_SYS_ADMIN until the filter is loaded';
  capSet(c, sets, extra, why);
  return sets;
}

/** Whether a capability is still to be dropped once the filter is loaded. */
function dropsAfter(c: Context, seccomp: Seccomp, sets: Capabilities): boolean {
  const keeps = (sets.permitted & sets.effective & SYS_ADMIN) !== 0n && sets.ambient === 0n;
  return keepsAdmin(c, seccomp) && !keeps;
}

/** What startContainer hooks, programs of the image, are bound by; where there is a listener it is loaded already. */
export function confineHooks(c: Context, seccomp: Seccomp | undefined, sets: Capabilities): void {
  if (seccomp === undefined || seccomp.slot !== NO_SLOT) return;
  if ((c.spec.hooks?.startContainer ?? []).length === 0) return;
  const { effective, permitted, inheritable, ambient } = sets;
  const drop = dropsAfter(c, seccomp, sets) ? 1 : 0;
  const { flags, filter } = seccomp;
  c.inContainer(
    'confineHooks',
    { flags, filter, drop, effective, permitted, inheritable, ambient },
    'hooks of startContainer have the system calls of the program',
  );
}

/** The filter; with a listener Node passes its fd on before this process makes another call. */
export function loadFilter(c: Context, seccomp: Seccomp | undefined, sets: Capabilities): void {
  if (seccomp === undefined) return;
  const stage = STAGE.seccomp;
  c.inContainer('seccomp', { ...seccomp, stage }, 'which system calls the program has');
  if (seccomp.slot !== NO_SLOT) {
    c.onHost('awaitSync', { stage }, 'the notify fd has come: somebody must listen before the filter asks');
    c.onHost('yield', { tag: YIELD.seccomp }, 'sends the notify fd to linux.seccomp.listenerPath');
    c.onHost('signalSync', { stage }, 'the listener has it');
  }
  if (dropsAfter(c, seccomp, sets)) capSet(c, sets, 0n, 'CAP_SYS_ADMIN has done its work');
}
