import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { native } from '../native/index.ts';
import type { SeccompInput } from '../native/types.ts';
import { u64 } from '../spec/parse.ts';
import { writeFileAtomic } from '../store/atomic.ts';
import { join } from '../store/join.ts';
import { isTrusted } from '../store/trust.ts';

/** A profile ready for seccomp(2): struct sock_filter bytes and SECCOMP_FILTER_FLAG_*. */
export interface CompiledSeccomp {
  readonly filter: Uint8Array;
  readonly flags: number;
}

/** Raise when what libseccomp or the addon makes of the same profile changes. */
const CACHE_VERSION = 3;
const MAGIC = 'TRSF';
const HEADER = 16;

/** libseccomp compares 64 bits, JSON.parse makes doubles: beyond 2^53 they are handed over as integers. */
function exact(profile: SeccompInput): SeccompInput {
  const isLarge = (value: number | bigint) => value > Number.MAX_SAFE_INTEGER;
  const rules = profile.syscalls ?? [];
  if (!rules.some(({ args }) => args?.some((arg) => isLarge(arg.value) || isLarge(arg.valueTwo ?? 0))))
    return profile;
  const syscalls = rules.map((rule) => ({
    ...rule,
    args: (rule.args ?? []).map((arg) => ({
      ...arg,
      value: u64(arg.value),
      valueTwo: u64(arg.valueTwo ?? 0),
    })),
  }));
  return { ...profile, syscalls };
}

/** What the filter depends on: profile and architecture. */
function cacheKey(profile: SeccompInput): string {
  const { defaultAction, defaultErrnoRet, architectures, flags, syscalls } = profile;
  return JSON.stringify([
    CACHE_VERSION,
    process.arch,
    { defaultAction, defaultErrnoRet, architectures, flags, syscalls },
  ]);
}

/** magic, flags, key length, filter length (u32, little endian), key, filter. */
function encodeEntry(key: string, compiled: CompiledSeccomp): Uint8Array {
  const keyBytes = Buffer.from(key);
  const bytes = Buffer.alloc(HEADER + keyBytes.length + compiled.filter.length);
  bytes.write(MAGIC, 0, 'latin1');
  bytes.writeUInt32LE(compiled.flags, 4);
  bytes.writeUInt32LE(keyBytes.length, 8);
  bytes.writeUInt32LE(compiled.filter.length, 12);
  keyBytes.copy(bytes, HEADER);
  bytes.set(compiled.filter, HEADER + keyBytes.length);
  return bytes;
}

/** The filter in a cache entry, undefined when it is damaged or belongs to another profile. */
export function decodeEntry(bytes: Buffer, key: string): CompiledSeccomp | undefined {
  if (bytes.length < HEADER || bytes.toString('latin1', 0, 4) !== MAGIC) return undefined;
  const keyLength = bytes.readUInt32LE(8);
  const filterLength = bytes.readUInt32LE(12);
  if (bytes.length !== HEADER + keyLength + filterLength) return undefined;
  if (bytes.toString('utf8', HEADER, HEADER + keyLength) !== key) return undefined;
  return { flags: bytes.readUInt32LE(4), filter: bytes.subarray(HEADER + keyLength) };
}

function readEntry(dir: string, path: string, key: string): CompiledSeccomp | undefined {
  try {
    if (!isTrusted(lstatSync(dir))) return undefined;
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return isTrusted(fstatSync(fd)) ? decodeEntry(readFileSync(fd), key) : undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** A cache that cannot be written (a read-only or full run root) costs time, not correctness: no error. */
function keepEntry(dir: string, path: string, key: string, compiled: CompiledSeccomp): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileAtomic(path, encodeEntry(key, compiled), { mode: 0o600 });
  } catch {
    return;
  }
}

/**
 * Compiles linux.seccomp with libseccomp, or takes the result of an earlier run out of `cacheDir` (0700: what lies
 * there is loaded into containers). Compiling Docker's profile takes milliseconds, reading it back microseconds.
 * @throws SyscallError when libseccomp refuses the profile.
 */
export function compileSeccomp(profile: SeccompInput, cacheDir?: string): CompiledSeccomp {
  const known = compiled.get(profile) ?? compile(profile, cacheDir);
  compiled.set(profile, known);
  return known;
}

/** By the profile object itself: a process that runs many containers asks for the same one again. */
const compiled = new WeakMap<SeccompInput, CompiledSeccomp>();

function compile(profile: SeccompInput, cacheDir: string | undefined): CompiledSeccomp {
  if (cacheDir === undefined) return short(profile);
  const key = cacheKey(profile);
  const path = join(cacheDir, native().fnv1a(key));
  const cached = readEntry(cacheDir, path, key);
  if (cached !== undefined) return cached;
  const made = short(profile);
  keepEntry(cacheDir, path, key, made);
  return made;
}

/** A filter takes time by its length to load, at every start: what libseccomp writes is made a fifth of it. */
function short(profile: SeccompInput): CompiledSeccomp {
  const { filter, flags } = native().seccompCompile(exact(profile));
  return { filter: native().seccompShrink(filter), flags };
}
