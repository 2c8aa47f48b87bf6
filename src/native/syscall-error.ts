/**
 * A system call that failed. `errno` is positive, `code` its name (`ENOENT`), `path` what the call was given, `flags`
 * the call's flags by name or what the kernel said besides (a filesystem's log, the BPF verifier's).
 */
export class SyscallError extends Error {
  override readonly name = 'SyscallError';
  /** The addon calls this with what the kernel answered. */
  constructor(
    readonly syscall: string,
    readonly errno: number,
    readonly code: string,
    /** What errno means, in words: `no such file or directory`. */
    readonly reason: string,
    readonly path = '',
    readonly flags = '',
  ) {
    const what = `${syscall}${path && ` ${path}`}${flags && ` (${flags})`}`;
    super(`${what}: ${code}: ${reason}`);
  }
}
