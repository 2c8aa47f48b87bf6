// Rules of linux.seccomp: config-linux.md, "Seccomp".

import type { LinuxSeccomp, SeccompAction } from '../types.ts';
import { at, type Report, type Where } from './report.ts';

const takesErrno = (action: SeccompAction): boolean =>
  action === 'SCMP_ACT_ERRNO' || action === 'SCMP_ACT_TRACE';

/** Checks a profile whose form is sound. */
export function checkSeccomp(profile: LinuxSeccomp, path: Where, report: Report): void {
  checkErrno(profile.defaultAction, profile.defaultErrnoRet, at(path, 'defaultErrnoRet'), report);
  for (const [i, rule] of (profile.syscalls ?? []).entries()) {
    const here = at(at(path, 'syscalls'), i);
    if (rule.names.length === 0) report.error(at(here, 'names'), 'must name a system call');
    checkErrno(rule.action, rule.errnoRet, at(here, 'errnoRet'), report);
  }
  checkNotify(profile, path, report);
}

/** The specification: when the action does not support an errno, the runtime must fail. */
function checkErrno(action: SeccompAction, errno: number | undefined, path: Where, report: Report): void {
  if (errno !== undefined && errno !== null && !takesErrno(action))
    report.error(path, `has no meaning with ${action}`);
}

function checkNotify(profile: LinuxSeccomp, path: Where, report: Report): void {
  const notifies = (profile.syscalls ?? []).filter((rule) => rule.action === 'SCMP_ACT_NOTIFY');
  if (profile.defaultAction === 'SCMP_ACT_NOTIFY')
    report.error(
      at(path, 'defaultAction'),
      'cannot be SCMP_ACT_NOTIFY: the runtime itself would wait for an answer',
    );
  // tinyrun-init reports with write(2) after the filter is loaded, before the listener has been handed over
  if (notifies.some((rule) => rule.names.includes('write') || rule.names.includes('sendmsg')))
    report.error(
      at(path, 'syscalls'),
      'write and sendmsg cannot have SCMP_ACT_NOTIFY: they hand the listener over',
    );
  if (notifies.length > 0 && !profile.listenerPath)
    report.error(at(path, 'listenerPath'), 'is needed by SCMP_ACT_NOTIFY');
  if (notifies.length > 0 && profile.listenerPath && !profile.listenerPath.startsWith('/'))
    report.error(at(path, 'listenerPath'), 'is not an absolute path');
  if (profile.listenerMetadata && !profile.listenerPath)
    report.error(at(path, 'listenerMetadata'), 'has no meaning without listenerPath');
}
