import { describe, expect, it } from 'vitest';
import { DEFAULT_CAPABILITIES } from '../../../src/spec/defaults.ts';
import { CAPABILITIES } from '../../../src/spec/linux.ts';
import { defaultSeccomp } from '../../../src/spec/seccomp.ts';
import type { LinuxSeccomp } from '../../../src/spec/types.ts';

/** What the profile answers to a call with these arguments, rules tried in turn as libseccomp would join them. */
function verdict(profile: LinuxSeccomp, name: string, ...args: number[]): string {
  for (const rule of profile.syscalls ?? []) {
    if (!rule.names.includes(name)) continue;
    const match = (rule.args ?? []).every(({ index, op, value, valueTwo }) => {
      const arg = args[index] ?? 0;
      if (op === 'SCMP_CMP_EQ') return arg === value;
      if (op === 'SCMP_CMP_LT') return arg < value;
      if (op === 'SCMP_CMP_GT') return arg > value;
      return Number(BigInt(arg) & BigInt(value)) === valueTwo;
    });
    if (match) return rule.action === 'SCMP_ACT_ALLOW' ? 'allow' : `errno ${rule.errnoRet}`;
  }
  return `errno ${profile.defaultErrnoRet}`;
}

const EPERM = 'errno 1';
const ENOSYS = 'errno 38';

describe('defaultSeccomp', () => {
  const profile = defaultSeccomp(DEFAULT_CAPABILITIES, 'x64');
  const admin = defaultSeccomp(CAPABILITIES, 'x64');

  it.each(['read', 'execve', 'openat', 'futex', 'rseq', 'arch_prctl', 'chroot', 'statx', 'close_range'])(
    'allows %s',
    (name) => expect(verdict(profile, name)).toBe('allow'),
  );

  it.each([
    'io_uring_setup',
    'io_uring_enter',
    'keyctl',
    'add_key',
    'request_key',
    'userfaultfd',
    'kexec_load',
  ])('refuses %s, whatever the capabilities', (name) => {
    expect(verdict(profile, name)).toBe(EPERM);
    expect(verdict(admin, name)).toBe(EPERM);
  });

  it.each([
    'mount',
    'umount2',
    'setns',
    'unshare',
    'bpf',
    'fsopen',
    'move_mount',
    'open_by_handle_at',
    'reboot',
  ])('allows %s with its capability only', (name) => {
    expect(verdict(profile, name)).toBe(EPERM);
    expect(verdict(admin, name)).toBe('allow');
  });

  it('lets clone make threads and forks, no namespaces', () => {
    expect(verdict(profile, 'clone', 0x3d0f00)).toBe('allow');
    for (const flag of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000])
      expect(verdict(profile, 'clone', flag | 17)).toBe(EPERM);
    expect(verdict(profile, 'clone3')).toBe(ENOSYS);
    expect(verdict(admin, 'clone', 0x10000000)).toBe('allow');
    expect(verdict(admin, 'clone3')).toBe('allow');
  });

  it('refuses AF_ALG and AF_VSOCK sockets alone', () => {
    for (const family of [1, 2, 10, 16, 17, 37, 39, 41, 44])
      expect(verdict(profile, 'socket', family)).toBe('allow');
    for (const family of [38, 40]) expect(verdict(profile, 'socket', family)).toBe(EPERM);
    expect(verdict(profile, 'socketcall')).toBe(ENOSYS);
    expect(verdict(defaultSeccomp([], 'x64', { socketcall: true }), 'socketcall')).toBe('allow');
  });

  it('decides on socketcall before socket: libseccomp would let it through otherwise', () => {
    const names = (profile.syscalls ?? []).map((rule) => rule.names[0]);
    expect(names.indexOf('socketcall')).toBeLessThan(names.indexOf('socket'));
  });

  it('lets personality set what is harmless', () => {
    for (const persona of [0, 8, 0x20000, 0x20008, 0xffffffff])
      expect(verdict(profile, 'personality', persona)).toBe('allow');
    expect(verdict(profile, 'personality', 0x40000)).toBe(EPERM);
  });

  it('names each call once, in lower case', () => {
    const names = (admin.syscalls ?? []).flatMap((rule) => (rule.args ? [] : rule.names));
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^_?[a-z][a-z0-9_]+$/);
  });

  it('knows the architectures', () => {
    expect(profile.architectures).toEqual(['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']);
    const arm = defaultSeccomp([], 'arm64');
    expect(arm.architectures).toEqual(['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
    expect(verdict(arm, 'arch_prctl')).toBe(EPERM);
    expect(verdict(arm, 'cacheflush')).toBe('allow');
    expect(defaultSeccomp([], 'riscv64').architectures).toBeUndefined();
  });
});
