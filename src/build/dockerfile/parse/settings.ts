import { durationOf } from '../../../store/words.ts';
import type {
  ArgInstruction,
  Deed,
  HealthcheckInstruction,
  HealthFlags,
  Pair,
  Word,
} from '../instruction.ts';
import type { Reader } from './reader.ts';

// What sets the image's config, and ARG.

/** ENV and LABEL: `a=b c=d`, or the old `a b c`, whose value is all that follows. */
export function parsePairs(reader: Reader, kind: 'env' | 'label'): Deed | undefined {
  reader.readFlags();
  const [first, ...others] = reader.quoted();
  if (first === undefined)
    return void reader.tell(`${reader.name} requires at least one argument`, reader.whole);
  if (!first.text.includes('=')) return legacyPair(reader, kind);
  const pairs = [first, ...others].flatMap((word) => pairOf(reader, word) ?? []);
  return { kind, pairs, legacy: false };
}

function legacyPair(reader: Reader, kind: 'env' | 'label'): Deed | undefined {
  const [first] = reader.plain();
  if (first === undefined) return undefined;
  const value = reader.rest.slice(first.text.length);
  const body = value.trim();
  if (body === '')
    return void reader.tell(`${reader.name} must have two arguments: a name and a value`, first.range);
  const end = reader.line.joined.text.trimEnd().length;
  const word = reader.word({ start: end - body.length, end });
  return { kind, pairs: [{ name: first, value: word }], legacy: true };
}

function pairOf(reader: Reader, word: Word): Pair | undefined {
  const at = word.text.indexOf('=');
  if (at < 0)
    return void reader.tell(
      `Syntax error - can't find = in "${word.text.slice(0, 64)}". Must be of the form: name=value`,
      word.range,
    );
  const { name, value } = cut(word, at);
  if (name.text === '') return void reader.tell(`${reader.name} names can not be blank`, word.range);
  return { name, value };
}

/** A word in two, at its `=`; one that spans lines gives both the place of the whole. */
function cut({ text, range }: Word, at: number): Pair {
  const middle = { line: range.start.line, column: range.start.column + at };
  const isOneLine = range.start.line === range.end.line;
  return {
    name: { text: text.slice(0, at), range: isOneLine ? { start: range.start, end: middle } : range },
    value: {
      text: text.slice(at + 1),
      range: isOneLine ? { start: { ...middle, column: middle.column + 1 }, end: range.end } : range,
    },
  };
}

export function parseArg(reader: Reader): ArgInstruction | undefined {
  reader.readFlags();
  const words = reader.quoted();
  if (words.length === 0) return void reader.tell('ARG requires at least one argument', reader.whole);
  const args = words.flatMap((word) => {
    const at = word.text.indexOf('=');
    if (at === 0) return reader.tell('ARG names can not be blank', word.range) ?? [];
    return [at < 0 ? { name: word } : cut(word, at)];
  });
  return { kind: 'arg', args };
}

/** WORKDIR, USER, STOPSIGNAL, MAINTAINER: all that follows is one word. */
export function parseWord(
  reader: Reader,
  kind: 'workdir' | 'user' | 'stopsignal' | 'maintainer',
): Deed | undefined {
  reader.readFlags();
  const word = reader.wholeWord();
  if (word === undefined)
    return void reader.tell(`${reader.name} requires exactly one argument`, reader.whole);
  return { kind, word };
}

/** EXPOSE and VOLUME. */
export function parseList(reader: Reader, kind: 'expose' | 'volume'): Deed | undefined {
  reader.readFlags();
  const words = kind === 'volume' ? reader.list() : reader.plain();
  if (words.length === 0)
    return void reader.tell(`${reader.name} requires at least one argument`, reader.whole);
  const blank = words.find(({ text }) => text.trim() === '');
  if (blank) reader.tell('VOLUME specified can not be an empty string', blank.range);
  return { kind, words };
}

export function parseCommand(reader: Reader, kind: 'cmd' | 'entrypoint'): Deed {
  reader.readFlags();
  return { kind, command: reader.command() };
}

export function parseShell(reader: Reader): Deed | undefined {
  reader.readFlags();
  const words = reader.json();
  if (words === undefined)
    return void reader.tell(
      'SHELL requires the arguments to be in JSON form',
      reader.whole,
      'SHELL ["sh", "-c"]',
    );
  if (words.length === 0) return void reader.tell('SHELL requires at least one argument', reader.whole);
  return { kind: 'shell', argv: words.map(({ text }) => text) };
}

export function parseHealthcheck(reader: Reader): HealthcheckInstruction | undefined {
  reader.readFlags({
    interval: 'word',
    timeout: 'word',
    'start-period': 'word',
    'start-interval': 'word',
    retries: 'word',
  });
  const [word = ''] = reader.rest.split(/\s/, 1);
  const type = word.toUpperCase();
  const command = reader.rest.slice(word.length);
  if (type === 'NONE' && command.trim() === '') return { kind: 'healthcheck', check: 'none' };
  if (type === 'NONE') return void reader.tell('HEALTHCHECK NONE takes no arguments', reader.restRange);
  if (type !== 'CMD')
    return void reader.tell(
      word === ''
        ? 'HEALTHCHECK requires at least one argument'
        : `Unknown type "${type.slice(0, 64)}" in HEALTHCHECK (try CMD)`,
      word === '' ? reader.whole : reader.restRange,
    );
  if (command.trim() === '')
    return void reader.tell('Missing command after HEALTHCHECK CMD', reader.restRange);
  const lead = command.length - command.trimStart().length;
  const flags = healthFlags(reader);
  return { kind: 'healthcheck', check: { command: reader.command(word.length + lead), flags } };
}

function healthFlags(reader: Reader): HealthFlags {
  const interval = duration(reader, 'interval');
  const timeout = duration(reader, 'timeout');
  const startPeriod = duration(reader, 'start-period');
  const startInterval = duration(reader, 'start-interval');
  const given = reader.flag('retries');
  const retries = given && /^[+-]?\d{1,9}$/.test(given.text) ? Number(given.text) : undefined;
  if (given && retries === undefined)
    reader.tell(`--retries is no number: ${given.text.slice(0, 64)}`, given.range);
  if (given && retries !== undefined && retries < 0)
    reader.tell(`--retries cannot be negative (${retries})`, given.range);
  return {
    ...(interval !== undefined && { interval }),
    ...(timeout !== undefined && { timeout }),
    ...(startPeriod !== undefined && { startPeriod }),
    ...(startInterval !== undefined && { startInterval }),
    ...(retries !== undefined && { retries }),
  };
}

/** Milliseconds; 0 and what is missing leave it to the engine. */
function duration(reader: Reader, flag: string): number | undefined {
  const word = reader.flag(flag);
  if (word === undefined) return undefined;
  const ms = word.text.length < 64 ? durationOf(word.text) : undefined;
  if (ms === undefined)
    reader.tell(`--${flag}: ${word.text.slice(0, 64)} is no duration, such as 30s`, word.range);
  else if (ms !== 0 && ms < 1) reader.tell(`Interval "${flag}" cannot be less than 1ms`, word.range);
  else return ms;
  return undefined;
}
