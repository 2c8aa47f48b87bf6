import type { Command as Program } from 'commander';
import { resolveRoots } from '../../store/paths.ts';
import { addCommand } from '../add-command.ts';
import type { Command, Context } from '../command.ts';
import { type Answer, answerTo, type Candidate, matching, printed } from '../completion/answer.ts';
import { requestOf } from '../completion/request.ts';
import { type Line, readLine } from '../line.ts';
import { createProgram } from '../program.ts';
import { locate, membersOf, type Place, type Table } from '../verb.ts';

/** The command that answers of what `table` has. */
export const completeFrom = (table: Table): Command => ({
  usage: '-- WORD...',
  examples: ["tinyrun __complete -- run --pull ''"],
  define(program, context) {
    program.argument('<word...>').action(async (words: string[]) => {
      context.out(printed(await complete(words, table, context)));
    });
  },
});

const NOTHING: Answer = { candidates: [], next: 'done' };

/** `words` are those behind `tinyrun`, the last of them being typed. What cannot be read is not offered. */
export async function complete(words: readonly string[], table: Table, context: Context): Promise<Answer> {
  const typed = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const line = readable(typed, createProgram(context));
  if (line === undefined || line.unread.length > 0 || line.words.length === 0)
    return beforeVerb(words, table, context);
  const place = locate(table, line.words);
  if (!place) return NOTHING;
  if (place.is === 'group') return inGroup(place, table, current);
  try {
    return await behindVerb(place, line, current, context);
  } catch {
    // no rights to read the store, or a damaged one: a key pressed is no place to hear of it
    return NOTHING;
  }
}

/** Undefined where a flag still waits for its value. */
function readable(typed: readonly string[], program: Program): Line | undefined {
  try {
    return readLine(typed, program);
  } catch {
    return undefined;
  }
}

/** Global flags and their values, or the verbs. */
async function beforeVerb(words: readonly string[], table: Table, context: Context): Promise<Answer> {
  const program = createProgram(context);
  const request = requestOf(words, program, false);
  const current = words.at(-1) ?? '';
  if (request.is === 'argument') return matching(namesIn(table, ''), current);
  return answerTo(request, current, { name: '', roots: resolveRoots({}, process.env) });
}

/** `help image` has nothing behind it that could be helped with: its members are. */
function inGroup({ name, rest }: Place & { is: 'group' }, table: Table, current: string): Answer {
  if (rest.some((word) => word !== '--help')) return NOTHING;
  if (!current.startsWith('-')) return matching(namesIn(table, name), current);
  return matching([{ word: '--help', about: 'print this help' }], current);
}

async function behindVerb(
  { verb, path, rest }: Place & { is: 'verb' },
  line: Line,
  current: string,
  context: Context,
): Promise<Answer> {
  const { command } = await verb.load();
  const sub = addCommand(createProgram(context), path, { verb, command }, context);
  const request = requestOf([...rest, current], sub, command.passThrough === true);
  const roots = resolveRoots(line.roots, process.env);
  return answerTo(request, current, { name: verb.names[0], roots });
}

/** The names that are listed, the groups' first. */
function namesIn(table: Table, group: string): Candidate[] {
  const groups = group === '' ? Object.entries(table.groups) : [];
  return [
    ...groups.map(([word, { summary }]) => ({ word, about: summary })),
    ...membersOf(table, group).map(({ names: [word = ''], verb }) => ({ word, about: verb.summary })),
  ];
}
