// Reads a seccomp profile file: Docker's format (archMap, rules with includes and excludes) or that of linux.seccomp.

import { TinyrunError } from '../errors.ts';
import { parseJson } from './parse.ts';
import type { LinuxSeccomp, LinuxSyscall } from './types.ts';
import { summary, validateSeccomp } from './validate/index.ts';

/** What the conditions of a profile are held against. */
export interface SeccompTarget {
  /** The bounding set, `CAP_…` names. */
  readonly capabilities: readonly string[];
  /** process.arch. */
  readonly arch: string;
  readonly kernel: { readonly major: number; readonly minor: number };
}

interface Filter {
  readonly caps?: unknown;
  readonly arches?: unknown;
  readonly minKernel?: unknown;
}

/** process.arch → what Docker's profiles call it, and what libseccomp does. */
const ARCHES: Readonly<Record<string, { docker: string; scmp: string }>> = {
  x64: { docker: 'amd64', scmp: 'SCMP_ARCH_X86_64' },
  arm64: { docker: 'arm64', scmp: 'SCMP_ARCH_AARCH64' },
  riscv64: { docker: 'riscv64', scmp: 'SCMP_ARCH_RISCV64' },
  s390x: { docker: 's390x', scmp: 'SCMP_ARCH_S390X' },
  ppc64: { docker: 'ppc64le', scmp: 'SCMP_ARCH_PPC64LE' },
};

/** What a profile file may hold beyond the fields of linux.seccomp; all else is dropped on the way. */
const FIELDS = ['defaultAction', 'defaultErrnoRet', 'flags', 'listenerPath', 'listenerMetadata'] as const;

class Fault extends Error {}

/**
 * The profile as linux.seccomp, its conditions decided for `target`; undefined for an empty profile, which is no
 * filter (as in Docker). `source` is the file's name. Throws TinyrunError SECCOMP_PROFILE.
 */
export function readSeccompProfile(
  text: string,
  source: string,
  target: SeccompTarget,
): LinuxSeccomp | undefined {
  try {
    const value = asObject(parseJson(text, source), 'the profile');
    if (value.defaultAction === undefined && value.syscalls === undefined) return undefined;
    const profile = resolve(value, target);
    const { errors } = validateSeccomp(profile, '');
    if (errors.length > 0) throw new Fault(summary(errors));
    return profile as unknown as LinuxSeccomp;
  } catch (error) {
    if (error instanceof Fault) throw new TinyrunError('SECCOMP_PROFILE', `${source}: ${error.message}`);
    if (error instanceof TinyrunError)
      throw new TinyrunError('SECCOMP_PROFILE', error.message, { cause: error });
    throw error;
  }
}

function resolve(value: Record<string, unknown>, target: SeccompTarget): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const field of FIELDS) if (value[field] !== undefined) out[field] = value[field];
  const architectures = resolveArchitectures(value, target);
  if (architectures !== undefined) out.architectures = architectures;
  const rules = asList(value.syscalls ?? [], 'syscalls');
  out.syscalls = rules.flatMap((rule, i) => resolveRule(asObject(rule, `syscalls[${i}]`), i, target));
  return out;
}

function resolveArchitectures(value: Record<string, unknown>, target: SeccompTarget): unknown {
  const map = asList(value.archMap ?? [], 'archMap');
  if (map.length === 0) return value.architectures;
  if (Array.isArray(value.architectures) && value.architectures.length > 0)
    throw new Fault('archMap and architectures exclude each other');
  const native = ARCHES[target.arch]?.scmp;
  for (const [i, each] of map.entries()) {
    const entry = asObject(each, `archMap[${i}]`);
    if (entry.architecture !== native) continue;
    return [entry.architecture, ...asList(entry.subArchitectures ?? [], `archMap[${i}].subArchitectures`)];
  }
  return undefined;
}

/** The rule without its conditions, or nothing when they do not hold. */
function resolveRule(rule: Record<string, unknown>, index: number, target: SeccompTarget): LinuxSyscall[] {
  const here = `syscalls[${index}]`;
  const { name, comment: _comment, includes, excludes, ...rest } = rule;
  if (name !== undefined && name !== '') {
    if (Array.isArray(rest.names) && rest.names.length > 0)
      throw new Fault(`${here}: name and names exclude each other`);
    rest.names = [name];
  }
  if (
    includes !== undefined &&
    !matchesAll(asObject(includes, `${here}.includes`), `${here}.includes`, target)
  )
    return [];
  if (
    excludes !== undefined &&
    matchesAny(asObject(excludes, `${here}.excludes`), `${here}.excludes`, target)
  )
    return [];
  return [rest as unknown as LinuxSyscall];
}

/** Every condition that is given holds: all capabilities, one of the architectures, the kernel. */
function matchesAll(filter: Filter, path: string, target: SeccompTarget): boolean {
  const caps = names(filter.caps, `${path}.caps`);
  const arches = names(filter.arches, `${path}.arches`);
  const kernel = isKernelAtLeast(filter.minKernel, `${path}.minKernel`, target);
  return (
    caps.every((cap) => target.capabilities.includes(cap)) &&
    (arches.length === 0 || arches.includes(dockerArch(target))) &&
    kernel !== false
  );
}

/** One condition holds: a capability, an architecture, the kernel. */
function matchesAny(filter: Filter, path: string, target: SeccompTarget): boolean {
  const caps = names(filter.caps, `${path}.caps`);
  const arches = names(filter.arches, `${path}.arches`);
  const kernel = isKernelAtLeast(filter.minKernel, `${path}.minKernel`, target);
  return (
    caps.some((cap) => target.capabilities.includes(cap)) ||
    arches.includes(dockerArch(target)) ||
    kernel === true
  );
}

const dockerArch = (target: SeccompTarget): string => ARCHES[target.arch]?.docker ?? target.arch;

/** Undefined when no version is asked for. */
function isKernelAtLeast(wanted: unknown, path: string, { kernel }: SeccompTarget): boolean | undefined {
  if (wanted === undefined || wanted === '') return undefined;
  const parts = typeof wanted === 'string' ? /^(\d{1,3})\.(\d{1,3})$/.exec(wanted) : null;
  if (!parts) throw new Fault(`${path}: must be a kernel version such as "4.8"`);
  const [major, minor] = [Number(parts[1]), Number(parts[2])];
  return kernel.major > major || (kernel.major === major && kernel.minor >= minor);
}

function names(value: unknown, path: string): string[] {
  const list = asList(value ?? [], path);
  if (list.some((item) => typeof item !== 'string')) throw new Fault(`${path}: must be a list of strings`);
  return list as string[];
}

function asList(value: unknown, path: string): unknown[] {
  if (!Array.isArray(value)) throw new Fault(`${path}: must be a list`);
  return value;
}

function asObject(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Fault(`${path}: must be an object`);
  return value as Record<string, unknown>;
}
