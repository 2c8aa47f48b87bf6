import { keepDebuggerOut } from './boot/debugger.ts';
import type { Entry } from './boot/entries.ts';
import { callNode } from './boot/warm.ts';
import { native } from './native/index.ts';
import { visible } from './store/text.ts';
import { main } from './tinyrunc/main.ts';
import { VERBS } from './tinyrunc/verbs.ts';

export { setPackageRoot } from './store/package.ts';
export { main } from './tinyrunc/main.ts';

/** Runs the command line of this process. It ends without V8's tear-down, a tenth of the time of a short command. */
export function start(): void {
  keepDebuggerOut();
  main(process.argv.slice(2)).then(
    (code) => native().exitNow(code),
    (error: Error) => {
      process.stderr.write(`${visible(error.stack ?? error.message)}\n`);
      process.exit(1);
    },
  );
}

/** What a start-up snapshot holds ready, so that no start does it again. */
export async function warm(entry: Entry): Promise<void> {
  callNode();
  await ready(({ brief = false }) => brief === (entry === 'brief'));
}

/** Loads the modules of verbs, as for a start-up snapshot. */
export async function ready(
  isWanted: (verb: { readonly brief?: boolean }) => boolean = () => true,
): Promise<void> {
  for (const verb of Object.values(VERBS)) if (isWanted(verb)) await verb.load();
}
