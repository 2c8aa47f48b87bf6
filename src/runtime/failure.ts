import { getSystemErrorMap } from 'node:util';
import { TinyrunError } from '../errors.ts';
import type { StepFailure } from '../native/types.ts';
import { NO_SLOT, type Plan, type Step } from '../plan/types.ts';
import { signalName } from '../spec/linux.ts';
import { dict } from '../store/dict.ts';
import { fileSystemType } from './filesystem.ts';
import { stepHint } from './hints.ts';
import { phrase } from './phrase.ts';

/** What Node has no words for, since libuv never meets it, or other ones: callers of ours look for those of strerror(3). */
const MORE_WORDS: Readonly<Record<number, string>> = dict({
  5: 'input/output error',
  8: 'exec format error',
  12: 'cannot allocate memory',
  14: 'bad address',
  15: 'block device required',
  16: 'device or resource busy',
  17: 'file exists',
  18: 'invalid cross-device link',
  21: 'is a directory',
  23: 'too many open files in system',
  26: 'text file busy',
  34: 'numerical result out of range',
  35: 'resource deadlock avoided',
  36: 'file name too long',
  40: 'too many levels of symbolic links',
  75: 'value too large for defined data type',
  87: 'too many users',
  95: 'operation not supported',
  117: 'structure needs cleaning',
  122: 'disk quota exceeded',
  126: 'required key not available',
});

/** What the kernel says for an errno, as strerror(3) words it in lower case. */
export function errnoMessage(errno: number): string {
  return MORE_WORDS[errno] ?? getSystemErrorMap().get(-errno)?.[1] ?? `error ${errno}`;
}

/** `EPERM: operation not permitted`, with the system call where it is not the obvious one. */
function said(failure: StepFailure): string {
  return `${failure.code}: ${errnoMessage(failure.errno)}`;
}

/**
 * runc's words for a program that is not there or may not run: podman, Docker and conmon match them to choose
 * 127 and 126 (`executable file not found in $PATH`, `no such file or directory`, `permission denied`).
 */
function commandError(name: string, failure: StepFailure): TinyrunError {
  const quoted = JSON.stringify(name);
  if (failure.code === 'ENOENT' || failure.code === 'ENOTDIR') {
    const words = name.includes('/')
      ? `stat ${name}: ${errnoMessage(failure.errno)}`
      : 'executable file not found in $PATH';
    return new TinyrunError('COMMAND_NOT_FOUND', `exec: ${quoted}: ${words}`);
  }
  return new TinyrunError('COMMAND_NOT_EXECUTABLE', `exec: ${quoted}: ${errnoMessage(failure.errno)}`);
}

/** execve(2) answers ENOENT too when the interpreter of a script or an ELF file is missing. */
function execveError(name: string, failure: StepFailure): TinyrunError {
  if (failure.code === 'ENOENT') {
    return new TinyrunError('COMMAND_NOT_FOUND', `exec ${name}: ${errnoMessage(failure.errno)}`, {
      hint: 'the file exists, so the interpreter in its first line or ELF header is missing from the image',
    });
  }
  return new TinyrunError('COMMAND_NOT_EXECUTABLE', `exec ${name}: ${errnoMessage(failure.errno)}`);
}

/** A hook that the container's own process ran; `path` says how it ended. */
function hookError(kind: string, { path, code, errno }: StepFailure): TinyrunError {
  const reason = code === 'ECANCELED' ? path : `${path}: ${errnoMessage(errno)}`;
  return new TinyrunError('HOOK', `error running ${kind} hook: ${reason}`);
}

/** What the container told through its fifo: a failure of one of the steps behind awaitStart. */
function startError(step: Step, failure: StepFailure): TinyrunError {
  if (failure.syscall === 'execve') return execveError(failure.path, failure);
  if (failure.code === 'ECANCELED' || failure.syscall === 'ppoll')
    return hookError('startContainer', failure);
  return systemError(step, failure);
}

/** EINVAL of mount_setattr(2) is all that the kernel says of a file system without FS_ALLOW_IDMAP. */
function idmapError(path: string): TinyrunError {
  const type = fileSystemType(path) ?? 'its file system';
  return new TinyrunError('UNSUPPORTED', `mount ${path} with other ids: ${type} takes no idmapped mounts`, {
    hint: "put it on a file system that does (ext4, xfs, btrfs, a tmpfs of Linux 6.3), or share the host's user namespace",
  });
}

/** mountFs.flags of steps.def: the target must be a plain directory. */
const PLAIN_TARGET = 4;

/** runc's words for a link, or a file, where procfs or sysfs is to be; '' for any other failure. */
function oddTarget(step: Step, { code, path }: StepFailure): string {
  if (step.op !== 'mountFs' || (step.args.flags & PLAIN_TARGET) === 0 || path !== step.args.target) return '';
  if (code !== 'ELOOP' && code !== 'ENOTDIR') return '';
  return `: filesystem "${step.args.type}" must be mounted on ordinary directory`;
}

function systemError(step: Step, failure: StepFailure): TinyrunError {
  if (step.op === 'openTree' && step.args.userns !== NO_SLOT && failure.syscall === 'mount_setattr')
    if (failure.code === 'EINVAL') return idmapError(step.args.path);
  const tried = `${phrase(step)}${oddTarget(step, failure)}`;
  const where = failure.path !== '' && !tried.includes(failure.path) ? ` (${failure.path})` : '';
  const hint = stepHint(step, failure);
  const message = `${tried}: ${failure.syscall}${where}: ${said(failure)}`;
  return new TinyrunError('SYSCALL', message, hint === undefined ? undefined : { hint });
}

function stepError(step: Step | undefined, failure: StepFailure): TinyrunError {
  if (step === undefined) {
    return new TinyrunError('INTERNAL', `${failure.syscall} ${failure.path}: ${said(failure)}`);
  }
  if (step.op === 'findExecutable') return commandError(step.args.name, failure);
  if (step.op === 'execve') return execveError(step.args.args[0] ?? '', failure);
  if (step.op === 'hook') return hookError(step.why.replace(/^hooks\./, ''), failure);
  // how the program ended, and what it printed
  if (step.op === 'exec' && failure.code === 'ECANCELED') return new TinyrunError('SYSCALL', failure.path);
  if (step.op === 'signalStart') return startError(step, failure);
  return systemError(step, failure);
}

/** How handshake_host.cc tells it; an exit status instead would be a defect. */
const KILLED = /^tinyrun-init ended in the middle of the plan, signal (\d+)$/;

/** It can be signalled from the moment that its state is published, and the kernel may run out of memory any time. */
function killedError({ code, syscall, path }: StepFailure): TinyrunError | undefined {
  // a path may be an image's own words
  const signal = code === 'ECHILD' && syscall === 'waitid' ? KILLED.exec(path)?.[1] : undefined;
  if (signal === undefined) return undefined;
  return new TinyrunError(
    'SETUP_KILLED',
    `start the program: its process was ended by ${signalName(Number(signal))} while it was set up`,
  );
}

/**
 * The failing step of a plan as an error a person can act on: what was tried, the system call, what the kernel said.
 * `cause` is the StepFailure.
 */
export function planError(plan: Plan, failure: StepFailure): TinyrunError {
  const error = killedError(failure) ?? stepError(plan.steps[failure.step], failure);
  error.cause = failure;
  return error;
}
