const ignored = (): void => {};

/**
 * SIGUSR1 has node open a debugger, a port of the host's that runs what it is told as the user of this process. A
 * handler takes its place; what comes before there is one finds the launchers' flags. First thing in every command
 * line, never in the library: there it is the caller's process.
 */
export function keepDebuggerOut(): void {
  process.on('SIGUSR1', ignored);
}
