import { availableParallelism, loadavg } from 'node:os';

const LOOK_MS = 10_000;
/** What spin() takes where it has a processor for itself. */
const SPIN_MS = 25;

function spin() {
  const began = performance.now();
  let value = 1;
  for (let i = 0; i < 20_000_000; i++) value = (Math.imul(value, 48_271) + i) | 0;
  return value === undefined ? 0 : performance.now() - began; // what is not used is not computed
}

/** How many times slower everything is: by a piece of work, and by what waits for a processor or a disk. */
const slowness = () => Math.max(1, spin() / SPIN_MS, loadavg()[0] / availableParallelism());

/** A time limit in minutes of a machine with nothing else to do: on a slow or busy one it lasts longer. */
export class Patience {
  #left;
  #timer;
  #began = Date.now();

  /** `minutes` are its own; `over` is told how many of the clock's it came to. */
  constructor(minutes, over) {
    this.#left = minutes * 60_000;
    this.#timer = setInterval(() => {
      this.#left -= LOOK_MS / slowness();
      if (this.#left > 0) return;
      this.stop();
      over(Math.round((Date.now() - this.#began) / 60_000));
    }, LOOK_MS);
  }

  stop() {
    clearInterval(this.#timer);
  }
}
