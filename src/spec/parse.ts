import { TinyrunError } from '../errors.ts';

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
  if (text.includes('null')) dropNulls(value);
  return value;
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

const U64_MAX = 0xffff_ffff_ffff_ffffn;

/**
 * A uint64 of a JSON document: JSON.parse rounds 2^64-1 (RLIM_INFINITY) up to 2^64, which is taken back; a negative
 * number is its two's complement.
 */
export function u64(value: number | bigint): bigint {
  const exact = BigInt(value);
  return exact > U64_MAX ? U64_MAX : BigInt.asUintN(64, exact);
}
