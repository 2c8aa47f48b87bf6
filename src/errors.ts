// Every error a person can meet: its code, exit code and hint, in one table. docs/errors.md is kept equal to it
// by a test. Exit codes are Docker's: 125 tinyrun itself, 126 not executable, 127 not found.

interface ErrorEntry {
  readonly exit: number;
  /** What to do, lowercase, no full stop. */
  readonly hint: string;
}

export const ERRORS = {
  USAGE: { exit: 125, hint: 'tinyrun --help lists the commands and their flags' },
  INTERNAL: { exit: 125, hint: 'this is a defect of tinyrun: report it with the output of --trace' },
  SYSCALL: { exit: 125, hint: 'tinyrun doctor checks the host point by point' },
  NATIVE_MISSING: {
    exit: 125,
    hint: 'build it with npm run build, or install a package that has a prebuild for this platform',
  },
  COMMAND_NOT_FOUND: {
    exit: 127,
    hint: 'the program must exist in the image, by absolute path or on its PATH',
  },
  COMMAND_NOT_EXECUTABLE: {
    exit: 126,
    hint: 'the file needs its executable bit, and an interpreter that exists',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** An error with an entry in the table; `message` is one line: what was tried, what the kernel said. */
export class TinyrunError extends Error {
  override readonly name = 'TinyrunError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown; hint?: string },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options?.hint ?? ERRORS[code].hint;
  }
  readonly hint: string;
  get exitCode(): number {
    return ERRORS[this.code].exit;
  }
}
