import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { addCommand, createProgram } from '../../../src/cli/program.ts';

let written: string[] = [];
const keep = (text: string) => void written.push(text);
const CONTEXT = {
  dataRoot: '',
  runRoot: '',
  command: '',
  debug: false,
  exitCode: 0,
  out: keep,
  draw: keep,
  err: keep,
};

function helpOf(command: Command): string {
  written = [];
  command.outputHelp();
  return written.join('');
}

/** A command's help and that of its subcommands, by their whole names. */
function all(command: Command, path: string): [string, string][] {
  const subs = command.commands.filter((sub) => sub.name() !== 'help');
  return [[path, helpOf(command)], ...subs.flatMap((sub) => all(sub, `${path} ${sub.name()}`))];
}

test.each(Object.entries(COMMANDS))(
  '%s --help names the command, and fits a terminal of 80 columns',
  async (verb, entry) => {
    const command = addCommand(createProgram(CONTEXT), (await entry.load()).command, CONTEXT);
    for (const [path, help] of all(command, verb)) {
      expect(help.startsWith(`Usage: tinyrun ${path}`), `${path}: ${help.split('\n')[0]}`).toBe(true);
      expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
    }
  },
);
