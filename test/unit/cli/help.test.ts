import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { addSummaries } from '../../../src/cli/add-command.ts';
import { createProgram } from '../../../src/cli/program.ts';
import { TABLE } from '../../../src/cli/verbs.ts';
import { CONTEXT, define } from './support.ts';

let written: string[] = [];
const keep = (text: string) => void written.push(text);
const KEEPING = { ...CONTEXT, out: keep, draw: keep, err: keep };

function helpOf(command: Command): string {
  written = [];
  command.outputHelp();
  return written.join('');
}

const NAMES = [...Object.keys(TABLE.groups), ...TABLE.verbs.flatMap(({ names }) => names)];

test.each(NAMES)('%s --help names the command, and fits a terminal of 80 columns', async (name) => {
  const help = helpOf(await define(name, KEEPING));
  expect(help).toMatch(/^Usage: tinyrun /);
  expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

test('help calls a verb as it was called, by the name that is listed there, and tells the others', async () => {
  const help = helpOf(await define('container list', KEEPING));
  expect(help).toMatch(/^Usage: tinyrun container ls \[options\]\n/);
  const names = ['ps', 'container ls', 'container list', 'container ps'].map((name) => `tinyrun ${name}`);
  expect(help).toContain(`\nAliases:\n  ${names.join(', ')}\n`);
  expect(helpOf(await define('doctor', KEEPING))).not.toContain('Aliases');
});

test('the help of tinyrun has groups and verbs apart, as docker has, and no member of a group', () => {
  const help = helpOf(addSummaries(createProgram(KEEPING), TABLE));
  const [, groups = '', verbs = ''] =
    /\nManagement Commands:\n(.*)\n\nCommands:\n(.*?)\n\n/s.exec(help) ?? [];
  const words = (text: string) => text.split('\n').map((line) => line.trim().split(' ')[0]);
  expect(words(groups)).toEqual(['container', 'image', 'manifest', 'network', 'system', 'volume']);
  expect(words(verbs).slice(0, 5)).toEqual(['run', 'create', 'start', 'exec', 'top']);
  expect(words(verbs)).not.toContain('__complete');
  expect(words(verbs)).not.toContain('tree');
  expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

test('the help of a group looks as that of tinyrun', async () => {
  const help = (await define('image')).helpInformation();
  expect(help).toMatch(/^Usage: tinyrun image COMMAND\n/);
  expect(help).toMatch(/\n {2}ls {2,}list images\n/);
  expect(help).not.toMatch(/display help for command|\[options\] <|list\|/);
});
