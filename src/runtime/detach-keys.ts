/** Looks for the keys that leave a container, in what is typed piece by piece. */
export interface KeyWatch {
  /** What of it is for the program: keys that may begin the sequence are held back until the next; undefined: it was typed. */
  pass(typed: Uint8Array): Uint8Array | undefined;
}

/** Docker's: ctrl-p, ctrl-q. */
export const DETACH_KEYS: readonly number[] = [16, 17];

/** `keys` as bytes; none: nothing leaves. */
export function watchKeys(keys: readonly number[]): KeyWatch {
  let seen = 0;
  return {
    pass(typed) {
      const out: number[] = [];
      for (const key of typed) {
        if (key === keys[seen]) {
          if (++seen === keys.length) return undefined;
          continue;
        }
        // what was held back was meant for the program; this key may begin anew
        out.push(...keys.slice(0, seen));
        seen = key === keys[0] ? 1 : 0;
        if (seen === 0) out.push(key);
      }
      return Uint8Array.from(out);
    },
  };
}
