import { TinyrunError } from '../errors.ts';

// What is no state for a verb, in runc's words, which its callers match.

/** @throws TinyrunError (CONTAINER_NOT_RUNNING) */
export function refuse(message: string, hint = 'tinyrunc state shows what it is'): never {
  throw new TinyrunError('CONTAINER_NOT_RUNNING', message, { hint });
}

/** containerd's shim takes these for "already gone". */
export const NOT_RUNNING = 'container not running';
