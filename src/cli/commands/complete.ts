import type { Command, Context } from '../command.ts';
import { COMMANDS, findCommand } from '../commands.ts';
import { type Answer, answerTo, flagsOf, matching, printed } from '../completion/answer.ts';
import { requestOf } from '../completion/request.ts';
import { rootsOf, verbIndex } from '../globals.ts';
import { addCommand, createProgram } from '../program.ts';

export const command: Command = {
  name: '__complete',
  summary: 'answer a shell that asks how a command line may go on',
  usage: '-- WORD...',
  examples: ["tinyrun __complete -- run --pull ''"],
  define(program, context) {
    program.argument('<word...>').action(async (words: string[]) => {
      context.out(printed(await complete(words, context)));
    });
  },
};

const NOTHING: Answer = { candidates: [], next: 'done' };

/** `words` are those behind `tinyrun`, the last of them being typed. What cannot be read is not offered. */
export async function complete(words: readonly string[], context: Context): Promise<Answer> {
  const typed = words.slice(0, -1);
  const at = verbIndex(typed);
  if (at < 0) return ofProgram(words, context);
  const name = typed[at] ?? '';
  if (name === 'help') return typed.length - at === 1 ? matching(verbs(), words.at(-1) ?? '') : NOTHING;
  const entry = findCommand(name);
  if (!entry) return NOTHING;
  const { command: found } = await entry.load();
  const verb = addCommand(createProgram(context), found, context);
  const request = requestOf(words.slice(at + 1), verb, found.passThrough === true);
  try {
    return await answerTo(request, words.at(-1) ?? '', rootsOf(typed));
  } catch {
    // no rights to read the store, or a damaged one: a key pressed is no place to hear of it
    return NOTHING;
  }
}

/** Before the verb: global flags and their values, or the verbs. */
async function ofProgram(words: readonly string[], context: Context): Promise<Answer> {
  const program = createProgram(context);
  const request = requestOf(words, program, false);
  const current = words.at(-1) ?? '';
  if (request.is === 'argument') return matching(verbs(), current);
  if (request.is === 'flag') return matching(flagsOf(program), current);
  return answerTo(request, current, rootsOf([]));
}

function verbs() {
  const shown = Object.entries(COMMANDS).filter(([, entry]) => !entry.hidden);
  return shown.map(([word, { summary }]) => ({ word, about: summary }));
}
