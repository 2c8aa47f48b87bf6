import { FLAGS } from '../steps.gen.ts';
import type { Context } from './context.ts';

export interface ConsoleSize {
  readonly rows: number;
  readonly columns: number;
}

/** The slot that the master of the terminal comes back in, taken before the clone; undefined without a terminal. */
export function consoleSlot(c: Context): number | undefined {
  return c.process.terminal ? c.slot() : undefined;
}

export function sizeOf(c: Context): ConsoleSize {
  const { consoleSize } = c.process;
  return c.options.console ?? { rows: consoleSize?.height ?? 0, columns: consoleSize?.width ?? 0 };
}

/**
 * A pty of the container's own devpts becomes its stdio; the master goes out, the host's ptys stay out of sight.
 * `ofExec`: /dev/console belongs to the container's first process.
 */
export function console(
  c: Context,
  slot: number | undefined,
  { ofExec = false, forksLater = false } = {},
): void {
  if (slot === undefined) return;
  const uid = c.process.user?.uid ?? 0;
  const flags =
    (c.has('mount') && !ofExec ? 0 : FLAGS.console.noConsoleNode) |
    (c.options.lineEndsStay ? FLAGS.console.lineEndsStay : 0);
  const mode = flags | (forksLater ? FLAGS.console.notControlling : 0);
  c.inContainer(
    'console',
    { slot, ...sizeOf(c), uid, flags: mode },
    'a terminal of its own as stdin, stdout, stderr',
  );
}

/** The leader of a session takes the terminal that is its standard input as its own; that takes no privilege. */
export function controllingTerminal(c: Context, slot: number | undefined): void {
  if (slot === undefined) return;
  const uid = c.process.user?.uid ?? 0;
  c.inContainer(
    'console',
    { slot, ...sizeOf(c), uid, flags: FLAGS.console.controllingOnly },
    'signals of its terminal are for the new session',
  );
}

/** For who has no input, and no terminal. */
export function nullInput(c: Context): void {
  c.inContainer('nullInput', {}, 'no input; its own device, since the owner of the host’s could change that');
}
