import type { Flag, Parsed } from './args.ts';
import type { Log } from './log.ts';

/** What the flags in front of the verb said. */
export interface Globals {
  /** Absolute path below which each container has a directory. */
  readonly root: string;
  readonly log: Log;
  readonly debug: boolean;
  readonly systemdCgroup: boolean;
  /** Whether missing rights over cgroups are to be expected; `auto` is decided from the caller's uid. */
  readonly rootless: boolean;
}

export interface VerbContext extends Globals {
  readonly flags: Parsed;
}

/** One verb of the command line: `src/tinyrunc/verbs/<verb>.ts` exports `verb`. */
export interface Verb {
  /** What follows the name in the usage line. */
  readonly usage: string;
  readonly flags: readonly Flag[];
  /** The first word that is no flag ends the flags (exec). */
  readonly stopAtArgument?: boolean;
  /** Takes whatever it is given; only `--help` is known. */
  readonly rawArguments?: true;
  /** Fewest and most arguments. */
  readonly arguments: readonly [number, number];
  /** Exit code of a failure of tinyrunc itself; 1 without. */
  readonly failureCode?: number;
  /** Put before the message of a failure: `tinyrunc create failed`. */
  readonly failurePrefix?: string;
  /** Answers the exit code. */
  run(context: VerbContext): number | Promise<number>;
}
