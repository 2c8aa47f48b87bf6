/** Who wants to hear what is done (`tinyrunc --debug`); nobody, mostly, and then no line is made. */
let listener: ((line: string) => void) | undefined;

/** From here on `listener` is told what this process does: its plans, their steps, its hooks. */
export function onDebug(hear: (line: string) => void): void {
  listener = hear;
}

export function isDebugging(): boolean {
  return listener !== undefined;
}

/** Tells the line that `make` makes, where somebody listens. */
export function debug(make: () => string): void {
  listener?.(make());
}
