// Everything invalid in a config.json is named, with its JSON path, before anything is created. First the form; the
// rules that join fields are only asked about a spec whose form is sound, and so may trust the types.

import { TinyrunError } from '../../errors.ts';
import type { Linux, LinuxResources, LinuxSeccomp, Process, Spec } from '../types.ts';
import { checkMemoryPolicy, checkRdt } from './memory.ts';
import { MOUNT_RULES } from './mounts.ts';
import { NAMESPACE_RULES } from './namespaces.ts';
import { checkProcess } from './process.ts';
import { type Problem, quote, Report, type Verdict } from './report.ts';
import { checkResources } from './resources.ts';
import { processShape, resourcesShape, seccompShape, specShape } from './schema.ts';
import { checkSeccomp } from './seccomp.ts';
import type { Check } from './shape.ts';

export type { Problem, Verdict } from './report.ts';

/** Checks a parsed config.json of any origin; never throws. */
export function validateSpec(value: unknown): Verdict {
  return inspect(value, '', specShape, (spec: Spec, report) => {
    checkVersion(spec.ociVersion, report);
    checkProcess(spec.process as Process, 'process', report);
    const linux = spec.linux ?? {};
    for (const rule of NAMESPACE_RULES) rule(spec, linux, report);
    for (const rule of MOUNT_RULES) rule(spec, linux, report);
    checkLinux(linux, report);
  });
}

/** Checks the process of `exec --process FILE`. */
export function validateProcess(value: unknown): Verdict {
  return inspect(value, 'process', processShape, (process: Process, report) =>
    checkProcess(process, 'process', report),
  );
}

/** Checks the document of `update --resources FILE`. */
export function validateResources(value: unknown): Verdict {
  return inspect(value, 'resources', resourcesShape, (resources: LinuxResources, report) =>
    checkResources(resources, 'resources', report),
  );
}

/** Checks a seccomp profile in the form of linux.seccomp. */
export function validateSeccomp(value: unknown, path = 'seccomp'): Verdict {
  return inspect(value, path, seccompShape, (profile: LinuxSeccomp, report) =>
    checkSeccomp(profile, path, report),
  );
}

function inspect<T>(
  value: unknown,
  path: string,
  shape: Check,
  rules: (sound: T, report: Report) => void,
): Verdict {
  const report = new Report();
  shape(value, path, report);
  if (report.errors.length === 0) rules(value as T, report);
  return report;
}

/** SemVer 2.0.0, major 1: config.md, "Specification version". */
function checkVersion(version: string, report: Report): void {
  const parts = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/.exec(
    version,
  );
  if (!parts) report.error('ociVersion', `${quote(version)} is not a version such as 1.3.0`);
  else if (parts[1] !== '1') report.error('ociVersion', `${quote(version)} is not supported: 1.x is`);
}

function checkLinux(linux: Linux, report: Report): void {
  if (linux.resources) checkResources(linux.resources, 'linux.resources', report);
  if (linux.seccomp) checkSeccomp(linux.seccomp, 'linux.seccomp', report);
  if (linux.cgroupsPath?.split('/').includes('..')) report.error('linux.cgroupsPath', 'must not contain ..');
  const [personalityFlag] = linux.personality?.flags ?? [];
  if (personalityFlag !== undefined)
    report.error(
      'linux.personality.flags[0]',
      `${quote(personalityFlag)} is not a flag: the specification has none yet`,
    );
  checkRdt(linux, report);
  checkMemoryPolicy(linux, report);
}

/** The problems as one line: the first, and how many more. */
export function summary(problems: readonly Problem[]): string {
  const [first] = problems;
  if (!first) return 'no problem';
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return `${first.path === '' ? '' : `${first.path}: `}${first.message}${more}`;
}

/**
 * The value as a Spec, or a TinyrunError SPEC_INVALID that names the first problem; `source` is the file it came from.
 * Warnings go to `warn`.
 */
export function assertSpec(
  value: unknown,
  source: string,
  warn: (problem: Problem) => void = () => {},
): Spec {
  const verdict = validateSpec(value);
  if (verdict.errors.length > 0)
    throw new TinyrunError('SPEC_INVALID', `${source}: ${summary(verdict.errors)}`);
  for (const problem of verdict.warnings) warn(problem);
  return value as Spec;
}
