/** Ends the process at once: all output is written synchronously, nothing is left to flush. */
export function endProcess(exitCode: number): never {
  process.exit(exitCode);
}
