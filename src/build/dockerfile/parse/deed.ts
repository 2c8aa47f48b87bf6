import { suggest } from '../../../store/suggest.ts';
import type { Deed } from '../instruction.ts';
import { sourceOffset } from '../joined.ts';
import type { Line } from '../lines.ts';
import type { Report } from '../problem.ts';
import { rangeAt, type Source } from '../source.ts';
import { parseCopy } from './copy.ts';
import { Reader } from './reader.ts';
import { parseRun } from './run.ts';
import {
  parseArg,
  parseCommand,
  parseHealthcheck,
  parseList,
  parsePairs,
  parseShell,
  parseWord,
} from './settings.ts';

/** The instructions but FROM and ONBUILD. */
const PARSERS: ReadonlyMap<string, (reader: Reader) => Deed | undefined> = new Map<
  string,
  (reader: Reader) => Deed | undefined
>([
  ['ADD', (reader) => parseCopy(reader, 'add')],
  ['ARG', parseArg],
  ['CMD', (reader) => parseCommand(reader, 'cmd')],
  ['COPY', (reader) => parseCopy(reader, 'copy')],
  ['ENTRYPOINT', (reader) => parseCommand(reader, 'entrypoint')],
  ['ENV', (reader) => parsePairs(reader, 'env')],
  ['EXPOSE', (reader) => parseList(reader, 'expose')],
  ['HEALTHCHECK', parseHealthcheck],
  ['LABEL', (reader) => parsePairs(reader, 'label')],
  ['MAINTAINER', (reader) => parseWord(reader, 'maintainer')],
  ['RUN', parseRun],
  ['SHELL', parseShell],
  ['STOPSIGNAL', (reader) => parseWord(reader, 'stopsignal')],
  ['USER', (reader) => parseWord(reader, 'user')],
  ['VOLUME', (reader) => parseList(reader, 'volume')],
  ['WORKDIR', (reader) => parseWord(reader, 'workdir')],
]);
const NAMES = [...PARSERS.keys(), 'FROM', 'ONBUILD'].sort();

/** What an instruction says; undefined where it was refused, and told. */
export function parseDeed(source: Source, line: Line, esc: string, tell: Report): Deed | undefined {
  const name = line.keyword.toUpperCase();
  const at = { name, restAt: line.restAt, esc };
  if (name === 'ONBUILD') return parseOnbuild(source, line, esc, tell);
  const parse = PARSERS.get(name);
  if (parse) return parse(new Reader(source, line, at, tell));
  const [near] = suggest(name, NAMES);
  return void tell(`unknown instruction: ${line.keyword.slice(0, 64)}`, line.keywordRange, near);
}

const NO_TRIGGERS = ['FROM', 'MAINTAINER'];

/** ONBUILD: the trigger is read now, to be refused in time, and again where it runs. */
function parseOnbuild(source: Source, line: Line, esc: string, tell: Report): Deed | undefined {
  const text = line.joined.text.slice(line.restAt);
  const [, keyword = '', space = ''] = /^(\S*)(\s*)/.exec(text) ?? [];
  const start = sourceOffset(line.joined, line.restAt);
  const keywordRange = rangeAt(source, start, start + keyword.length);
  const name = keyword.toUpperCase();
  if (keyword === '') return void tell('ONBUILD requires at least one argument', line.keywordRange);
  if (name === 'ONBUILD')
    return void tell("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", keywordRange);
  if (NO_TRIGGERS.includes(name))
    return void tell(`${name} isn't allowed as an ONBUILD trigger`, keywordRange);
  const restAt = line.restAt + keyword.length + space.length;
  const inner = parseDeed(source, { ...line, keyword, keywordRange, restAt }, esc, tell);
  if (inner === undefined) return undefined;
  const bodies = line.heredocs.map((one) => `\n${one.text}${one.name}`).join('');
  return { kind: 'onbuild', text: `${text}${bodies}`, inner };
}
