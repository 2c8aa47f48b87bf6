import { watchKeys } from './detach-keys.ts';

/** Where what is typed goes. */
export interface Typing {
  /** False: not yet more, until `onDrain` has called. */
  type(text: Uint8Array): boolean;
  onDrain(then: () => void): void;
  /** Nothing more will be typed. */
  onEnd(): void;
  /** The keys that leave it were. */
  onLeave(): void;
  /** Bytes; none: nothing leaves. */
  readonly keys: readonly number[];
}

/** Passes on what this process reads from standard input; answers what stops it. */
export function passTyping({ type, onDrain, onEnd, onLeave, keys }: Typing): () => void {
  const watched = watchKeys(keys);
  const onData = (piece: Buffer): void => {
    const typed = watched.pass(piece);
    if (typed === undefined) {
      onLeave();
      return;
    }
    if (typed.length === 0 || type(typed)) return;
    process.stdin.pause();
    onDrain(() => process.stdin.resume());
  };
  process.stdin.on('data', onData).once('end', onEnd);
  return () => {
    process.stdin.off('data', onData).off('end', onEnd).pause();
    process.stdin.unref?.();
  };
}
