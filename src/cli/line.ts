import type { Command as Program } from 'commander';
import type { Roots } from '../store/paths.ts';
import { plainBooleans } from './booleans.ts';

/** A command line up to its verb. */
export interface Line {
  readonly roots: Partial<Roots>;
  readonly debug: boolean;
  /** The verb and all behind it; `help run` is `run --help` here. */
  readonly words: readonly string[];
  /** Flags before a verb that are none of tinyrun's own, or ask for help, and all behind them. */
  readonly unread: readonly string[];
}

/**
 * Reads the flags before the verb. commander reads those behind it, once the verb, and with it its flags, is known.
 * `program` is one of `createProgram`, and good for one line.
 */
export function readLine(argv: readonly string[], program: Program): Line {
  const { operands, unknown } = program.parseOptions(plainBooleans(argv, program, true));
  const { debug = false, ...roots } = program.opts<Partial<Roots> & { debug?: boolean }>();
  const [first, ...rest] = operands;
  if (first !== 'help') return { roots, debug, words: operands, unread: unknown };
  return { roots, debug, words: rest.length > 0 ? [...rest, '--help'] : [], unread: unknown };
}
