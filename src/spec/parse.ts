import { TinyrunError } from '../errors.ts';

const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** A config.json is a few kB; podman's largest are below 200 kB. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * JSON as Go programs read it: a byte order mark is refused, null fields are absent ones. `source` is the file, for
 * the message. Throws TinyrunError SPEC_INVALID. Nesting of any depth is safe: neither V8's parser nor this recurses.
 */
export function parseJson(text: string, source: string): unknown {
  if (text.length > MAX_BYTES) throw new TinyrunError('SPEC_INVALID', `${source}: is larger than 16 MiB`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = (error as Error).message.replace(/\s+/g, ' ').slice(0, 160);
    throw new TinyrunError('SPEC_INVALID', `${source}: is not JSON: ${reason}`, { cause: error });
  }
  checkExact(text, source);
  if (text.includes('null')) dropNulls(value);
  return value;
}

/** Masks and values of seccomp are 64 bits wide: one that JSON.parse rounds would compare with something else. */
function checkExact(text: string, source: string): void {
  for (const [, digits = ''] of text.matchAll(/"value(?:Two)?"\s*:\s*(\d{16,20})\b/g))
    if (u64(Number(digits)) !== BigInt(digits))
      throw new TinyrunError(
        'SPEC_INVALID',
        `${source}: ${digits} cannot be told from its neighbours beyond 2^53`,
      );
}

function dropNulls(root: unknown): void {
  const todo: unknown[] = [root];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    const holder = next as Record<string, unknown>;
    for (const key of Object.keys(holder)) {
      const value = holder[key];
      if (value === null && !Array.isArray(next)) delete holder[key];
      else if (typeof value === 'object' && value !== null) todo.push(value);
    }
  }
}

/**
 * A uint64 of a JSON document: JSON.parse rounds 2^64-1 (RLIM_INFINITY) up to 2^64, which is taken back; a negative
 * number is its two's complement.
 */
export function u64(value: number | bigint): bigint {
  const exact = BigInt(value);
  return exact > U64_MAX ? U64_MAX : BigInt.asUintN(64, exact);
}
