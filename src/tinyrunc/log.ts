import { appendFileSync, closeSync, fstatSync, openSync, type Stats, statSync, writeSync } from 'node:fs';
import { kernelReason, TinyrunError } from '../errors.ts';
import { toJson, visible } from '../store/text.ts';

export type Level = 'debug' | 'info' | 'warning' | 'error';

/** The log of one command: what conmon and containerd's shim read back when a command fails. */
export interface Log {
  write(level: Level, message: string): void;
  /**
   * A warning, kept until the command ends well: podman takes the log of a failed one for a single JSON object.
   */
  warn(message: string): void;
  /** The end of a command that did what it should. */
  success(): void;
  /** The last words of a failing command: into the log, and on standard error when the log is a file. */
  failure(error: Error): void;
}

export interface LogOptions {
  /** A file to append to; standard error without. */
  readonly path?: string | undefined;
  readonly format: 'text' | 'json';
  readonly debug: boolean;
}

/** RFC 3339 in UTC without fractions, as logrus writes it. */
function timestamp(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

/** A line in logrus's formats; `level`, `msg`, `time` are the keys its readers look for. */
export function formatLine(format: 'text' | 'json', level: Level, message: string, time: string): string {
  if (format === 'json') return `${toJson({ level, msg: message, time })}\n`;
  return `time=${toJson(time)} level=${level} msg=${toJson(message)}\n`;
}

/** Standard error may be closed, full or read-only: nobody is left to be told so, and the exit code is told elsewhere. */
function tell(text: string): void {
  try {
    writeSync(2, text);
  } catch {}
}

/** One write(2) per line: the shim and several commands share the file. What it cannot take goes to standard error. */
function append(file: string, line: string): void {
  try {
    appendFileSync(file, line, { mode: 0o644 });
  } catch (error) {
    tell(`write the log ${file}: ${kernelReason(error)}\n${line}`);
  }
}

/** Where the log is written to when that is not standard error, by which name ever: a socket there opens by none. */
function apartFrom2(path: string | undefined): string | undefined {
  const [named, ours] = [path && statOr(() => statSync(path)), statOr(() => fstatSync(2))];
  return named && ours && named.dev === ours.dev && named.ino === ours.ino ? undefined : path;
}

function statOr(stat: () => Stats): Stats | undefined {
  try {
    return stat();
  } catch {
    return undefined;
  }
}

/** @throws TinyrunError (USAGE) for a format that is neither text nor json. */
export function openLog(options: LogOptions): Log {
  const { format, debug } = options;
  const path = apartFrom2(options.path);
  if (format !== 'text' && format !== 'json') {
    throw new TinyrunError('USAGE', `invalid log-format: ${format}`, {
      hint: 'choose --log-format text or --log-format json',
    });
  }
  // Like runc's it is there from the start, for whoever follows it, and where it cannot be nothing is done.
  if (path !== undefined) closeSync(openSync(path, 'a', 0o644));
  const write = (level: Level, message: string): void => {
    if (level === 'debug' && !debug) return;
    const line = formatLine(format, level, message, timestamp());
    if (path === undefined) tell(line);
    else append(path, line);
    if (level === 'debug' && path !== undefined) tell(line);
  };
  const failure = (error: Error): void => {
    write('error', error.message);
    // in JSON the last line tells why, and there is nothing behind it: containerd reads that one alone
    if (path !== undefined) tell(`${visible(error.message)}\n`);
    else if (error instanceof TinyrunError && format === 'text') tell(`hint: ${visible(error.hint)}\n`);
  };
  const warnings: string[] = [];
  const success = (): void => {
    for (const message of warnings.splice(0)) write('warning', message);
  };
  return { write, warn: (message) => void warnings.push(message), success, failure };
}
