import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TinyrunError } from '../../../src/errors.ts';
import { readSeccompProfile, type SeccompTarget } from '../../../src/spec/seccomp-profile.ts';

const target: SeccompTarget = {
  capabilities: ['CAP_SYS_ADMIN'],
  arch: 'x64',
  kernel: { major: 6, minor: 1 },
};
const read = (profile: unknown, over: Partial<SeccompTarget> = {}) =>
  readSeccompProfile(JSON.stringify(profile), 'p.json', { ...target, ...over });
const rule = (extra: object) => ({
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [{ names: ['mount'], action: 'SCMP_ACT_ALLOW', ...extra }],
});
const kept = (profile: unknown, over: Partial<SeccompTarget> = {}) =>
  read(profile, over)?.syscalls?.length === 1;

describe('readSeccompProfile', () => {
  it('takes linux.seccomp as it is', () => {
    const oci = { ...rule({}), architectures: ['SCMP_ARCH_X86_64'], flags: ['SECCOMP_FILTER_FLAG_LOG'] };
    expect(read(oci)).toEqual(oci);
  });

  it('is no filter when it is empty', () => expect(read({})).toBeUndefined());

  it('takes the entry of this architecture from archMap', () => {
    const archMap = [
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] },
    ];
    expect(read({ ...rule({}), archMap })?.architectures).toEqual(['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86']);
    expect(read({ ...rule({}), archMap }, { arch: 'arm64' })?.architectures).toContain('SCMP_ARCH_ARM');
    expect(read({ ...rule({}), archMap }, { arch: 'riscv64' })?.architectures).toBeUndefined();
  });

  it('includes need every condition', () => {
    const includes = { caps: ['CAP_SYS_ADMIN'], arches: ['amd64', 'x32'], minKernel: '4.8' };
    expect(kept(rule({ includes }))).toBe(true);
    expect(kept(rule({ includes }), { capabilities: [] })).toBe(false);
    expect(kept(rule({ includes }), { arch: 'arm64' })).toBe(false);
    expect(kept(rule({ includes }), { kernel: { major: 4, minor: 7 } })).toBe(false);
    expect(kept(rule({ includes: {} }))).toBe(true);
  });

  it('excludes need one', () => {
    expect(kept(rule({ excludes: { caps: ['CAP_SYS_ADMIN', 'CAP_BPF'] } }))).toBe(false);
    expect(kept(rule({ excludes: { caps: ['CAP_BPF'], arches: ['s390x'] } }))).toBe(true);
    expect(kept(rule({ excludes: { minKernel: '5.0' } }))).toBe(false);
    expect(kept(rule({ excludes: { minKernel: '6.2' } }))).toBe(true);
  });

  it('takes the old single name, and drops comments', () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [{ name: 'mount', action: 'SCMP_ACT_ALLOW', comment: 'x' }],
    };
    expect(read(profile)?.syscalls).toEqual([{ names: ['mount'], action: 'SCMP_ACT_ALLOW' }]);
  });

  it.each<[string, unknown, string]>([
    ['a list', [], 'the profile: must be an object'],
    ['an unknown action', rule({ action: 'ALLOW' }), 'syscalls[0].action: "ALLOW" is not a seccomp action'],
    ['name and names', rule({ name: 'x' }), 'syscalls[0]: name and names exclude each other'],
    [
      'both kinds of architectures',
      { ...rule({}), archMap: [{}], architectures: ['SCMP_ARCH_X86'] },
      'archMap and',
    ],
    ['a bad kernel', rule({ includes: { minKernel: 5 } }), 'syscalls[0].includes.minKernel: must be'],
    ['bad conditions', rule({ excludes: [] }), 'syscalls[0].excludes: must be an object'],
    [
      'no action',
      { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: ['a'] }] },
      'syscalls[0].action: is missing',
    ],
    ['no default', { syscalls: [] }, 'defaultAction: is missing'],
    ['syscalls as a map', { defaultAction: 'SCMP_ACT_ERRNO', syscalls: {} }, 'syscalls: must be a list'],
  ])('refuses %s', (_name, profile, message) => {
    expect(() => read(profile)).toThrow(TinyrunError);
    expect(() => read(profile)).toThrow(`p.json: ${message}`);
  });

  it('refuses what is no JSON', () => {
    expect(() => readSeccompProfile('{', 'p.json', target)).toThrow(/^p\.json: is not JSON/);
  });

  const installed = '/usr/share/containers/seccomp.json';
  it.skipIf(!existsSync(installed))(`reads podman's own profile (skipped without ${installed})`, () => {
    const profile = readSeccompProfile(readFileSync(installed, 'utf8'), installed, target);
    expect(profile?.architectures).toContain('SCMP_ARCH_X86');
    expect(profile?.syscalls?.some((r) => r.names.includes('mount') && r.action === 'SCMP_ACT_ALLOW')).toBe(
      true,
    );
  });
});
