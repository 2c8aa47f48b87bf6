import type { Command as Program } from 'commander';
import type { Command, Context } from './command.ts';
import { defineLooking } from './looking.ts';
import { membersOf, type Table, type Verb } from './verb.ts';

/** Adds one verb under the names of `path`, with its arguments and options: the only one a run of tinyrun pays for. */
export function addCommand(
  program: Program,
  path: readonly string[],
  { verb, command }: { verb: Verb; command: Command },
  context: Context,
): Program {
  const parent = path.slice(0, -1).reduce((above, name) => above.command(name), program);
  const sub = parent
    .command(path.at(-1) ?? '')
    .summary(verb.summary)
    .description(verb.summary);
  sub.usage(command.usage);
  if (command.passThrough) sub.passThroughOptions();
  command.define(sub, context);
  if (verb.changes) defineLooking(sub, { ...command, changes: verb.changes }, context);
  if (verb.names.length > 1)
    addSection(sub, 'Aliases', [verb.names.map((name) => `tinyrun ${name}`).join(', ')]);
  if (command.examples.length > 0) addSection(sub, 'Examples', command.examples);
  return sub;
}

const addSection = (program: Program, title: string, lines: readonly string[]) =>
  program.addHelpText('after', `\n${title}:\n${lines.map((line) => `  ${line}`).join('\n')}`);

/** The verbs and groups, without loading any of them. */
export function addSummaries(program: Program, table: Table): Program {
  for (const [name, { summary }] of Object.entries(table.groups))
    program.command(name).summary(summary).helpGroup('Management Commands:');
  return addMembers(program, table, '');
}

/** A group with its list; its verbs are called by their own names, so these here do nothing. */
export function addGroup(program: Program, table: Table, name: string): Program {
  const { summary = '', examples = [] } = table.groups[name] ?? {};
  const group = program
    .command(name)
    .summary(summary)
    .description(summary)
    .usage('COMMAND')
    .helpCommand(false);
  addSection(group, 'Examples', examples);
  return addMembers(group, table, name);
}

function addMembers(program: Program, table: Table, group: string): Program {
  for (const { names, verb } of membersOf(table, group)) {
    const [name = '', ...aliases] = names;
    program.command(name).aliases(aliases).summary(verb.summary);
  }
  program.configureHelp({ subcommandTerm: (command) => command.name() });
  return program.addHelpText(
    'after',
    `\n${commandPath(program)} COMMAND --help shows the flags of a command, with examples\n`,
  );
}

/** `tinyrun image ls`. */
export function commandPath(program: Program): string {
  return program.parent ? `${commandPath(program.parent)} ${program.name()}` : program.name();
}
