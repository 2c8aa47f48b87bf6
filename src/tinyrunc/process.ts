import { readFileSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { parseJson } from '../spec/parse.ts';
import type { LinuxCapabilities, Process, User } from '../spec/types.ts';
import { summary, validateProcess } from '../spec/validate/index.ts';
import { type Flag, type Parsed, usage } from './args.ts';

// The process that `exec` runs: from --process FILE as it stands, or the container's own with what the flags change.

export const EXEC_FLAGS: readonly Flag[] = [
  {
    names: ['console-socket'],
    kind: 'string',
    help: 'unix socket that will receive the master of the pseudoterminal',
  },
  { names: ['pidfd-socket'], kind: 'string', help: 'unix socket that will receive a pidfd of the process' },
  { names: ['cwd'], kind: 'string', help: 'current working directory in the container' },
  { names: ['env', 'e'], kind: 'list', help: 'set environment variables' },
  { names: ['tty', 't'], kind: 'bool', help: 'allocate a pseudo-TTY' },
  { names: ['user', 'u'], kind: 'string', help: 'UID (format: <uid>[:<gid>])' },
  { names: ['additional-gids', 'g'], kind: 'list', help: 'additional gids' },
  { names: ['process', 'p'], kind: 'string', help: 'path to the process.json' },
  { names: ['detach', 'd'], kind: 'bool', help: "detach from the container's process" },
  { names: ['pid-file'], kind: 'string', help: 'specify the file to write the process id to' },
  { names: ['process-label'], kind: 'string', help: 'set the asm process label for the process' },
  { names: ['apparmor'], kind: 'string', help: 'set the apparmor profile for the process' },
  { names: ['no-new-privs'], kind: 'bool', help: 'set the no new privileges value for the process' },
  { names: ['cap', 'c'], kind: 'list', help: 'add a capability to the bounding set for the process' },
  { names: ['preserve-fds'], kind: 'string', help: 'pass N additional file descriptors to the container' },
  {
    names: ['cgroup'],
    kind: 'list',
    help: 'run the process in an (existing) sub-cgroup(s): [<controller>:]<cgroup>',
  },
  { names: ['ignore-paused'], kind: 'bool', help: 'allow exec in a paused container' },
];

/** A uid or gid: decimal, below 2^32-1 (which means "unchanged" to the kernel). @throws TinyrunError (USAGE) */
export function parseUid(text: string, what: string): number {
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value < 0xffff_ffff) return value;
  throw usage(`parsing ${JSON.stringify(text)} as ${what}: not a number from 0 to 4294967294`);
}

/** `uid[:gid]`. */
export function parseUser(text: string): { uid: number; gid?: number } {
  const [uid = '', gid] = text.split(':');
  return { uid: parseUid(uid, 'uid'), ...(gid === undefined ? {} : { gid: parseUid(gid, 'gid') }) };
}

function withCapabilities(own: LinuxCapabilities | undefined, added: readonly string[]): LinuxCapabilities {
  // Not the inheritable set: what is in it survives execve into files that carry capabilities (CVE-2022-29162).
  const add = (set: readonly string[] = []): string[] => [...new Set([...set, ...added])];
  return {
    ...own,
    bounding: add(own?.bounding),
    effective: add(own?.effective),
    permitted: add(own?.permitted),
    ambient: add(own?.ambient),
  };
}

function withUser(own: User | undefined, flags: Parsed): User {
  const named = flags.string('user');
  const gids = flags.list('additional-gids').map((gid) => parseUid(gid, 'gid'));
  const base = { uid: 0, gid: 0, ...own, ...(named === undefined ? {} : parseUser(named)) };
  return { ...base, additionalGids: [...(own?.additionalGids ?? []), ...gids] };
}

/** The container's process with the flags' changes and the command's words. */
export function processFromFlags(own: Process, flags: Parsed, args: readonly string[]): Process {
  const caps = flags.list('cap');
  const apparmor = flags.string('apparmor');
  const label = flags.string('process-label');
  return {
    ...own,
    args,
    terminal: flags.bool('tty'),
    user: withUser(own.user, flags),
    env: [...(own.env ?? []), ...flags.list('env')],
    ...(flags.string('cwd') ? { cwd: flags.string('cwd') as string } : {}),
    ...(caps.length > 0 ? { capabilities: withCapabilities(own.capabilities, caps) } : {}),
    ...(flags.has('no-new-privs') ? { noNewPrivileges: flags.bool('no-new-privs') } : {}),
    ...(apparmor ? { apparmorProfile: apparmor } : {}),
    ...(label ? { selinuxLabel: label } : {}),
  };
}

type Warn = (message: string) => void;

/** @throws TinyrunError (SPEC_INVALID) */
function checked(value: unknown, origin: string, warn: Warn): Process {
  const { errors, warnings } = validateProcess(value);
  if (errors.length > 0) throw new TinyrunError('SPEC_INVALID', `${origin}${summary(errors)}`);
  for (const { path, message } of warnings) warn(`${path}: ${message}`);
  return value as Process;
}

/**
 * What to run: the file when there is one, as runc has it, else flags and words.
 * @throws TinyrunError (USAGE, SPEC_INVALID, BUNDLE)
 */
export function execProcess(own: Process, flags: Parsed, args: readonly string[], warn: Warn): Process {
  const file = flags.string('process');
  if (file !== undefined && file !== '') {
    return checked(parseJson(readFileSync(file, 'utf8'), file), `${file}: `, warn);
  }
  if (args.length === 0) throw usage('process args cannot be empty');
  return checked(processFromFlags(own, flags, args), '', warn);
}
