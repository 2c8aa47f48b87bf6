import { setTimeout as delay } from 'node:timers/promises';
import type { HttpResponse } from './transport.ts';

export interface RetryPolicy {
  /** Attempts in all. */
  readonly attempts: number;
  /** First pause in milliseconds; doubles, with up to half of it added by chance. */
  readonly baseMs: number;
  /** No pause is longer, whatever Retry-After says. */
  readonly maxMs: number;
}

export const RETRY: RetryPolicy = { attempts: 6, baseMs: 300, maxMs: 30_000 };

const AGAIN = new Set([408, 429, 500, 502, 503, 504]);
const RESET = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH']);

export const isTemporary = (status: number): boolean => AGAIN.has(status);

/** Failures of the connection that another attempt may not meet. */
export function isReset(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return RESET.has(code ?? '') || message === 'aborted' || message === 'socket hang up';
}

/** Waits before attempt number `attempt` (the first retry is 1); ends at once when aborted. */
export async function pause(
  policy: RetryPolicy,
  attempt: number,
  response?: HttpResponse,
  signal?: AbortSignal,
): Promise<void> {
  const grown = policy.baseMs * 2 ** (attempt - 1);
  const wanted = retryAfter(response?.headers['retry-after']) ?? grown * (1 + Math.random() / 2);
  await delay(Math.min(wanted, policy.maxMs), undefined, signal ? { signal } : {});
}

/** Retry-After in milliseconds: seconds or a date, RFC 9110 section 10.2.3. */
export function retryAfter(value: string | undefined, now = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
