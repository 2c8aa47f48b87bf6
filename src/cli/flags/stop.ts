import { Option, type Command as Program } from 'commander';
import type { StopOptions } from '../../engine/stop.ts';
import { seconds, wholeNumber } from '../options.ts';

export interface StopFlags {
  readonly signal?: string;
  readonly timeout?: number;
  readonly time?: number;
}

/** How a program is asked to end. */
export function defineStop(program: Program): void {
  program
    .option('-s, --signal <SIGNAL>', 'what asks it to; its own without')
    .option(
      '-t, --timeout <SECONDS>',
      'how long it may take before it is killed; -1 is for ever',
      wholeNumber,
    )
    // what it was called before
    .addOption(new Option('--time <SECONDS>').argParser(wholeNumber).hideHelp());
}

export function stopOptions({ signal, timeout, time = timeout }: StopFlags): StopOptions {
  return { signal, graceMs: time === undefined ? undefined : seconds(time) };
}
