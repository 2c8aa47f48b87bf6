import { loadedNative } from '../../native/index.ts';

/**
 * Ends the process at once. All output is written synchronously, so nothing is left to flush, and V8's tear-down
 * (milliseconds) buys nothing: where the addon is loaded, it ends the process itself.
 */
export function endProcess(exitCode: number): never {
  loadedNative()?.exitNow(exitCode);
  process.exit(exitCode);
}
