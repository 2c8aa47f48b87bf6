import { RLIMIT_NAMES } from '../../../engine/config/limits.ts';
import type { Rlimit } from '../../../engine/config/types.ts';
import { TinyrunError } from '../../../errors.ts';
import { parseInteger } from './number.ts';

/** `nofile=1024:2048`; -1 is no limit. */
export function parseUlimit(text: string): Rlimit {
  const [, name, soft = '', hard = soft] = /^(\w+)=([^:]+)(?::(.+))?$/.exec(text) ?? [];
  if (name !== undefined) return { name, soft: decimal(soft), hard: decimal(hard) };
  throw new TinyrunError('USAGE', `--ulimit ${JSON.stringify(text)}: not NAME=SOFT[:HARD]`, {
    hint: `the names are ${RLIMIT_NAMES.join(', ')}`,
  });
}

/** Base 10 whatever it starts with. */
const decimal = (text: string): number =>
  /^[+-]?\d+$/.test(text) ? parseInteger(text.replace(/^([+-]?)0+(?=\d)/, '$1')) : Number.NaN;
