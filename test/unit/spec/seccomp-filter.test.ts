import { describe, expect, it } from 'vitest';
import { native, type SeccompInput } from '../../../src/native/index.ts';
import { DEFAULT_CAPABILITIES } from '../../../src/spec/defaults.ts';
import { CAPABILITIES } from '../../../src/spec/linux.ts';
import { defaultSeccomp } from '../../../src/spec/seccomp.ts';
import { AUDIT_ARCH, answer } from './bpf.ts';

// System call numbers of x86_64 and i386: asm/unistd_64.h, asm/unistd_32.h.
const NR = {
  read: 0,
  socket: 41,
  clone: 56,
  mount: 165,
  keyctl: 250,
  unshare: 272,
  io_uring_setup: 425,
  clone3: 435,
};
const NR32 = { read: 3, socketcall: 102, socket: 359, clone: 120, clone3: 435, ipc: 117 };
const SYS_SOCKET = 1;
const AF_INET = 2;
const AF_ALG = 38;
const AF_VSOCK = 40;

/** As it is loaded. */
function compile(capabilities: readonly string[], options = {}) {
  const made = native().seccompCompile(defaultSeccomp(capabilities, 'x64', options) as SeccompInput);
  return { ...made, filter: native().seccompShrink(made.filter) };
}

describe.runIf(process.arch === 'x64')('the default filter as libseccomp compiles it (x86_64 only)', () => {
  const { filter, unknown } = compile(DEFAULT_CAPABILITIES);
  const x64 = (nr: number, ...args: (number | bigint)[]) =>
    answer(filter, { arch: AUDIT_ARCH.x86_64, nr, args });
  const i386 = (nr: number, ...args: number[]) => answer(filter, { arch: AUDIT_ARCH.i386, nr, args });

  it('knows all names but those of kernels newer than libseccomp', () => {
    for (const name of unknown)
      expect(name).toMatch(
        /^(cachestat|fchmodat2|futex_|getxattrat|listmount|listxattrat|map_shadow_stack|mseal|removexattrat|setxattrat|statmount|uretprobe)/,
      );
  });

  it('allows and refuses', () => {
    expect(x64(NR.read)).toBe('allow');
    expect(i386(NR32.read)).toBe('allow');
    for (const nr of [NR.mount, NR.keyctl, NR.unshare, NR.io_uring_setup]) expect(x64(nr)).toBe('errno 1');
  });

  it('answers ENOSYS to calls newer than the profile, on each architecture', () => {
    expect(x64(9999)).toBe('errno 38');
    expect(i386(9999)).toBe('errno 38');
    const asked = (defaultAction: string, more = {}) =>
      answer(
        native().seccompCompile({
          defaultAction,
          syscalls: [{ names: ['read'], action: 'SCMP_ACT_KILL' }],
          ...more,
        }).filter,
        { arch: AUDIT_ARCH.x86_64, nr: 1 },
      );
    expect(asked('SCMP_ACT_ALLOW')).toBe('allow');
    expect(asked('SCMP_ACT_LOG')).not.toBe('errno 38');
  });

  it('kills foreign architectures', () =>
    expect(answer(filter, { arch: AUDIT_ARCH.aarch64, nr: 0 })).toBe('kill'));

  it('keeps namespaces from clone on both architectures', () => {
    for (const [call, nr] of [
      [x64, NR.clone],
      [i386, NR32.clone],
    ] as const) {
      expect(call(nr, 0x3d0f00)).toBe('allow');
      expect(call(nr, 0x10000011)).toBe('errno 1');
    }
    expect(x64(NR.clone3)).toBe('errno 38');
    expect(i386(NR32.clone3)).toBe('errno 38');
  });

  it('refuses AF_ALG and AF_VSOCK on both, also through socketcall', () => {
    for (const [call, nr] of [
      [x64, NR.socket],
      [i386, NR32.socket],
    ] as const) {
      expect(call(nr, AF_INET)).toBe('allow');
      expect(call(nr, AF_ALG)).toBe('errno 1');
      expect(call(nr, AF_VSOCK)).toBe('errno 1');
    }
    expect(i386(NR32.socketcall, SYS_SOCKET, 0)).toBe('errno 38');
    expect(i386(NR32.socketcall, 3, 0)).toBe('errno 38');
  });

  it('looks at the whole argument: a family above 32 bits is no way round', () => {
    for (const family of [AF_ALG, AF_VSOCK])
      for (const high of [1n << 32n, 1n << 63n, 0xffffffffn << 32n])
        expect(x64(NR.socket, high | BigInt(family))).toBe('errno 1');
    for (const high of [1n << 32n, 1n << 63n]) expect(x64(NR.clone, high | 0x10000000n)).toBe('errno 1');
  });

  it('opens with CAP_SYS_ADMIN', () => {
    const admin = compile(CAPABILITIES).filter;
    for (const nr of [NR.mount, NR.unshare, NR.clone3])
      expect(answer(admin, { arch: AUDIT_ARCH.x86_64, nr })).toBe('allow');
    expect(answer(admin, { arch: AUDIT_ARCH.x86_64, nr: NR.keyctl })).toBe('errno 1');
  });

  it('lets i386 images have socketcall', () => {
    const { filter: open } = compile(DEFAULT_CAPABILITIES, { socketcall: true });
    expect(answer(open, { arch: AUDIT_ARCH.i386, nr: NR32.socketcall, args: [SYS_SOCKET, 0] })).toBe('allow');
  });
});
