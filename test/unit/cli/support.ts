import type { Command } from 'commander';
import { addCommand, addGroup } from '../../../src/cli/add-command.ts';
import { createProgram } from '../../../src/cli/program.ts';
import { locate } from '../../../src/cli/verb.ts';
import { TABLE } from '../../../src/cli/verbs.ts';

const quiet = (_text: string): void => {};
export const SILENT = { out: quiet, err: quiet, draw: quiet };
export const CONTEXT = { dataRoot: '', runRoot: '', command: '', debug: false, exitCode: 0, ...SILENT };

/** A verb or a group with its flags, as a command line that begins so finds it: `run`, `image ls`, `image`. */
export async function define(name: string, context = CONTEXT): Promise<Command> {
  const place = locate(TABLE, name.split(' '));
  if (!place || (place.is === 'group' && name.includes(' '))) throw new Error(`no ${name}`);
  const program = createProgram(context);
  if (place.is === 'group') return addGroup(program, TABLE, place.name);
  return addCommand(program, place.path, { verb: place.verb, ...(await place.verb.load()) }, context);
}
