import type { Command as Program } from 'commander';

/** What every command is given: where things lie, and where its answer goes. */
export interface Context {
  /** Absolute path of what survives a reboot: images, layers, containers. */
  readonly dataRoot: string;
  /** Absolute path of what does not: state of running containers, locks. */
  readonly runRoot: string;
  /** `tinyrun image ls`, for hints. */
  readonly command: string;
  readonly debug: boolean;
  /** The exit code of the command; 0 until the action sets it. */
  exitCode: number;
  /**
   * Writes to standard output at once, short writes and EAGAIN taken care of. On a terminal, control characters are
   * spelt out: they are those of images and registries.
   */
  out(text: string): void;
  /** Writes to standard error at once, control characters spelt out. */
  err(text: string): void;
  /** Somebody looks on, by --explain or --trace. */
  looking?: Looking;
  /** `out` of text with control characters of our own; the caller has made those of others visible. */
  draw(text: string): void;
}

/** What is done is told, or only told. */
export interface Looking {
  /** Nothing is done: what is answered would be true only then, and is not printed. */
  readonly isRehearsal: boolean;
  /** Says something to people before that. */
  say(text: string): void;
  /** What is told last; not `isDone`: something was refused. */
  end(isDone: boolean): void;
}

/**
 * What `src/cli/commands/<verb>.ts` exports as `command`; its names and summary stand in `verbs.ts`. `define` adds
 * arguments, options and the action to the commander program it is given (which has all else already). The action
 * throws `TinyrunError` for what a person did wrong or the host lacks; main prints it and takes the exit code from the
 * table.
 */
export interface Command {
  /** What follows the name: `[options] IMAGE [COMMAND] [ARG...]`. */
  readonly usage: string;
  /** Whole command lines, shown by --help. */
  readonly examples: readonly string[];
  /** The first argument that is not a flag ends the flags, as in `run IMAGE ls -l`. */
  readonly passThrough?: boolean;
  /** It answers --explain itself, by the plan that it would run; others are rehearsed. */
  readonly explains?: boolean;
  define(program: Program, context: Context): void;
}
