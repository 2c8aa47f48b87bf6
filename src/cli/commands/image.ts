import type { Command } from '../command.ts';
import { addCommand } from '../program.ts';
import { command as history } from './history.ts';
import { command as inspect } from './image-inspect.ts';
import { command as prune } from './image-prune.ts';
import { command as tree } from './image-tree.ts';
import { command as images } from './images.ts';
import { command as imported } from './import.ts';
import { command as load } from './load.ts';
import { command as pull } from './pull.ts';
import { command as push } from './push.ts';
import { command as rmi } from './rmi.ts';
import { command as save } from './save.ts';
import { command as tag } from './tag.ts';

/** The group's own names of what are verbs of their own too. */
const MEMBERS: readonly { name: string; aliases?: readonly string[]; command: Command }[] = [
  { name: 'ls', aliases: ['list'], command: images },
  { name: 'pull', command: pull },
  { name: 'rm', aliases: ['remove'], command: rmi },
  { name: 'tag', command: tag },
  { name: 'inspect', command: inspect },
  { name: 'history', command: history },
  { name: 'prune', command: prune },
  { name: 'push', command: push },
  { name: 'save', command: save },
  { name: 'load', command: load },
  { name: 'import', command: imported },
  { name: 'tree', command: tree },
];

export const command: Command = {
  name: 'image',
  summary: 'manage images',
  usage: 'COMMAND',
  examples: ['tinyrun image ls', 'tinyrun image inspect alpine', 'tinyrun image tree alpine'],
  define(program, context) {
    for (const { name, aliases = [], command: member } of MEMBERS)
      addCommand(program, { ...member, name }, context).aliases([...aliases]);
  },
};
