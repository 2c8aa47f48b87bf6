/** Until when somebody waits. */
export interface Deadline {
  /** Aborted by either: the time is over, or the caller has given up. */
  readonly signal: AbortSignal;
  readonly isLate: boolean;
  clear(): void;
}

/** `timeout` of 0 is none. */
export function deadlineOf(timeout: number, given: AbortSignal | undefined): Deadline {
  const stop = new AbortController();
  let isLate = false;
  const end = () => stop.abort(given?.reason);
  const timer =
    timeout > 0
      ? setTimeout(() => {
          isLate = true;
          stop.abort();
        }, timeout)
      : undefined;
  given?.addEventListener('abort', end, { once: true });
  if (given?.aborted) end();
  return {
    signal: stop.signal,
    get isLate() {
      return isLate;
    },
    clear() {
      clearTimeout(timer);
      given?.removeEventListener('abort', end);
    },
  };
}

/** The signal's abort, as something to race with; `clear` leaves nothing at the signal. */
export function abortOf(signal: AbortSignal): { readonly aborted: Promise<undefined>; clear(): void } {
  let onAbort = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    onAbort = () => resolve(undefined);
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  return { aborted, clear: () => signal.removeEventListener('abort', onAbort) };
}
