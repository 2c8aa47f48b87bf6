import type { Command as Program } from 'commander';
import type { Command, Context } from './command.ts';
import type { Verb } from './verb.ts';

/** What all verbs that do something to the system have, unless they have a word of their own for it. */
const FLAGS = [
  ['--explain', 'print what it would do, and do nothing'],
  ['--trace', 'do it, and print all that is done, with result and time'],
  ['--json', 'that as data'],
] as const;

/** Those that look on, of whatever verb. */
const GROUP: readonly (string | undefined)[] = ['--explain', '--undo', '--trace', '--step', '--json'];

interface Flags {
  readonly explain?: boolean;
  readonly trace?: boolean;
  readonly json?: boolean;
}

/** Gives a verb --explain and --trace: what does them is loaded where one of them is given. */
export function defineLooking(
  sub: Program,
  { explains, changes }: Pick<Command, 'explains'> & Pick<Verb, 'changes'>,
  context: Context,
): void {
  const own = sub.options.map(({ long }) => long);
  const flags = changes === 'elsewhere' ? FLAGS.slice(1) : FLAGS;
  for (const [flag, text] of flags) if (!own.includes(flag)) sub.option(flag, text);
  for (const option of sub.options) if (GROUP.includes(option.long)) option.helpGroup('Looking on:');
  sub.hook('preAction', async () => {
    const { explain, trace, json = false }: Flags = sub.opts();
    // as data there is only what is not done, unless the verb has data of its own
    const isTold = explain || (json && !trace && changes === true && !own.includes('--json'));
    if (!trace && !(isTold && !explains)) return;
    const { lookOn } = await import('./output/deeds.ts');
    lookOn(context, { isRehearsal: !trace, json, ownPlans: explains === true });
  });
}
