import { watchIfThere } from './moves.ts';

/** Changes in a directory: `wait` returns at once where there was one since it last did. */
export function newsOf(dir: string) {
  let has = false;
  let wake = () => {};
  const tell = () => {
    has = true;
    wake();
  };
  const watcher = watchIfThere(dir, tell);
  return {
    tell,
    close: () => watcher?.close(),
    async wait(): Promise<void> {
      if (!has) await new Promise<void>((resolve) => (wake = resolve));
      has = false;
    },
  };
}
