import { type ErrorCode, TinyrunError } from '../errors.ts';
import { dict } from '../store/dict.ts';

/** One failure as a person sees it: a line, what to do about it, and how `run` ends with it. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly exitCode: number;
}

const FULL = 'free space where --data-root is (/var/lib/tinyrun without it), or choose another directory';

/** Node's own errors that a host can cause, and what to do about each. */
const HOST_ERRORS: Readonly<Record<string, { code: ErrorCode; hint: string }>> = dict({
  EACCES: { code: 'PERMISSION', hint: 'run it as root, or give --data-root and --run-root that you own' },
  EPERM: { code: 'PERMISSION', hint: 'run it as root; tinyrun doctor checks what the host allows' },
  ENOSPC: { code: 'NO_SPACE', hint: FULL },
  EDQUOT: { code: 'NO_SPACE', hint: 'the quota is used up: free space, or choose another --data-root' },
  EROFS: { code: 'PERMISSION', hint: 'the file system is read-only: choose another with --data-root' },
  ENOTDIR: {
    code: 'SYSCALL',
    hint: 'a part of the path is a file: choose another with --data-root and --run-root',
  },
  EMFILE: { code: 'SYSCALL', hint: 'too many open files: raise the limit with ulimit -n' },
});

/** What mkdir(2) calls EROFS comes out of node's recursive mkdir as ENOENT. */
const NOWHERE = {
  code: 'SYSCALL',
  hint: 'nothing can be made there (a read-only file system?): choose another with --data-root and --run-root',
} as const;

/** Any thrown value as a failure; what nobody foresaw is a defect and says so. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Error && error.name === 'TinyrunError') {
    const known = error as TinyrunError;
    return { code: known.code, message: known.message, hint: known.hint, exitCode: known.exitCode };
  }
  return toFailure(wrap(error));
}

/** What docker's inspect and events end with for a --format that does not parse; its listings end with 1. */
const BAD_TEMPLATE = 64;

/** What `exec` finds wrong before there is anything to start, which ends as other verbs do. */
const BEFORE_EXEC: ReadonlySet<ErrorCode> = new Set([
  'AMBIGUOUS_ID',
  'ARGUMENTS',
  'CONTAINER_NOT_FOUND',
  'CONTAINER_NOT_RUNNING',
  'FLAG',
  'NOT_A_TTY',
  'STATE_DAMAGED',
  'UNSUPPORTED',
  'USAGE',
]);
const OWN_FAILURE = 125;
const NOT_STARTED = 126;

/**
 * How a verb ends, as Docker's: only `run` and `exec`, whose exit codes are their program's, must tell a failure of their own
 * from one of the program; `run` does so by 125 to 127, `exec` by 126 and 127, once there is something to start; other verbs end with 1. A flag that cannot be read is 125 for all, a word
 * too few or too many 1.
 */
export function exitCodeOf({ code, exitCode }: Failure, verb: string | undefined, command = ''): number {
  if (code === 'TEMPLATE_SYNTAX' && / (?:inspect|events)$/.test(command)) return BAD_TEMPLATE;
  if (verb === 'exec' && !BEFORE_EXEC.has(code)) return exitCode === OWN_FAILURE ? NOT_STARTED : exitCode;
  if (code === 'ARGUMENTS') return 1;
  return verb === 'run' || code === 'FLAG' ? exitCode : 1;
}

function wrap(error: unknown): TinyrunError {
  if (!(error instanceof Error)) return new TinyrunError('INTERNAL', String(error));
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (!code || !syscall) return new TinyrunError('INTERNAL', error.message, { cause: error });
  const known = code === 'ENOENT' && syscall === 'mkdir' ? NOWHERE : HOST_ERRORS[code];
  const text = error.message.includes(syscall) ? error.message : `${syscall} ${path ?? ''}: ${code}`;
  const options = known ? { cause: error, hint: known.hint } : { cause: error };
  return new TinyrunError(known?.code ?? 'SYSCALL', text, options);
}

/** `tinyrun: message` and, below it, the hint, which names the command that failed where it speaks of one. */
export function formatFailure(failure: Failure, command: string): string {
  const message = failure.message.replaceAll('\n', ' ');
  const hint = failure.hint?.replace('tinyrun COMMAND', command);
  return `tinyrun: ${message}\n${hint ? `hint: ${hint}\n` : ''}`;
}
