import { keepDebuggerOut } from './boot/debugger.ts';
import type { Entry } from './boot/entries.ts';
import { callNode } from './boot/warm.ts';
import { main, prepare } from './cli/main.ts';
import { endProcess } from './cli/output/end.ts';
import type { Hot } from './cli/verb.ts';
import { TABLE } from './cli/verbs.ts';

export { farCode, setCodeDirectory } from './boot/far.ts';
export { main } from './cli/main.ts';
export { setPackageRoot } from './store/package.ts';

/** Runs the command line of this process. */
export function start(): void {
  keepDebuggerOut();
  main(process.argv.slice(2)).then(endProcess);
}

/** What a start-up snapshot holds ready, so that no start does it again. */
export async function warm(entry: Entry): Promise<void> {
  callNode();
  await ready(({ hot }) => hot?.entry === entry);
}

/** Loads and defines verbs, as for a start-up snapshot. */
export async function ready(isWanted: (verb: { readonly hot?: Hot }) => boolean = () => true): Promise<void> {
  await prepare(TABLE.verbs.filter(isWanted));
}
