import { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_PATH, O_RDWR, O_WRONLY } from '../../native/fcntl.ts';
import {
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  MOUNT_ATTR_IDMAP,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_STRICTATIME,
  MS_PRIVATE,
  MS_REC,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
} from '../../spec/linux.ts';
import { toJson } from '../../store/text.ts';
import type { StepArgs } from '../steps.gen.ts';
import { NO_SLOT } from '../types.ts';

export type Calls<N extends keyof StepArgs> = { readonly [K in N]: (args: StepArgs[K]) => string };

// How arguments look in a man page: symbolic flags, quoted strings.

export type Names = Readonly<Record<string, number>>;

export const CLONE: Names = {
  CLONE_NEWPID,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWIPC,
  CLONE_NEWUTS,
  CLONE_NEWUSER,
  CLONE_NEWCGROUP,
  CLONE_NEWTIME,
};
export const MOUNT_ATTR: Names = {
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_STRICTATIME,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_IDMAP,
};
export const PROPAGATION: Names = { MS_REC, MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE };
export const OPEN: Names = { O_WRONLY, O_RDWR, O_NONBLOCK, O_PATH, O_DIRECTORY, O_NOFOLLOW };

/** `A|B|0x40`: what has no name stays a number; `none` for zero. */
export function flags(value: number | bigint, names: Names, none = '0'): string {
  let rest = BigInt(value);
  const found: string[] = [];
  for (const [name, bits] of Object.entries(names)) {
    const mask = BigInt(bits);
    if (mask === 0n || (rest & mask) !== mask) continue;
    found.push(name);
    rest &= ~mask;
  }
  if (rest !== 0n) found.push(`0x${rest.toString(16)}`);
  return found.length === 0 ? none : found.join('|');
}

/** A C string; control characters escaped. */
export const quote = (text: string): string => toJson(text);

/** `["a", "b", …]`, at most `most` of them. */
export function list(texts: readonly string[], most = 6): string {
  const shown = texts.slice(0, most).map(quote);
  return `[${shown.join(', ')}${texts.length > most ? `, … ${texts.length - most} more` : ''}]`;
}

export const octal = (mode: number): string => `0${mode.toString(8)}`;

/** An fd by its slot. */
export const fd = (slot: number): string => (slot === NO_SLOT ? '-1' : `fd${slot}`);

/** Calls that one step makes, in order. */
export const calls = (...each: (string | false | undefined)[]): string => each.filter(Boolean).join('; ');
