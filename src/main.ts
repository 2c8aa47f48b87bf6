import { keepDebuggerOut } from './boot/debugger.ts';
import { callNode } from './boot/warm.ts';
import { main, prepare } from './cli/main.ts';
import { endProcess } from './cli/output/end.ts';

export { main } from './cli/main.ts';
export { setPackageRoot } from './store/package.ts';

/** Runs the command line of this process. */
export function start(): void {
  keepDebuggerOut();
  main(process.argv.slice(2)).then(endProcess);
}

/** What a start-up snapshot holds ready, so that no start does it again. */
export async function warm(): Promise<void> {
  callNode();
  await prepare(['run', 'ps']);
  await import('./cli/output/explain-run.ts');
}
