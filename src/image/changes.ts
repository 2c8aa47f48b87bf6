import { isAbsolute, join } from 'node:path/posix';
import { TinyrunError } from '../errors.ts';
import { dict } from '../store/dict.ts';
import { healthcheckOf } from './change-health.ts';
import { expandWord, rawWords } from './shell-words.ts';
import type { ImageDefaults } from './types.ts';

/**
 * An image's config with Dockerfile instructions applied, as Docker reads those of --change.
 * @throws TinyrunError USAGE in Docker's words
 */
export function applyChanges(config: ImageDefaults, texts: readonly string[]): ImageDefaults {
  const change: Change = { config: structuredClone(config), hasCmd: false };
  for (const line of texts.flatMap((text) => linesOf(text))) applyChange(change, line);
  return change.config;
}

interface Change {
  readonly config: ImageDefaults;
  /** An instruction before has given it. */
  hasCmd: boolean;
}

/** One instruction each; a backslash at the end of a line continues it. */
function linesOf(text: string): string[] {
  const lines = text
    .replace(/\\[ \t]*\r?\n/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0) throw bad('file with no instructions');
  return lines;
}

function applyChange(change: Change, line: string): void {
  const [, word = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(line) ?? [];
  const apply = INSTRUCTIONS[word.toUpperCase()];
  if (!apply) throw bad(`${word.toLowerCase()} is not a valid change command`);
  apply(change, rest, word.toUpperCase());
}

type Apply = (change: Change, rest: string, name: string) => void;

const INSTRUCTIONS: Readonly<Record<string, Apply>> = dict({
  CMD(change, rest) {
    change.hasCmd = true;
    change.config.Cmd = commandOf(change, rest);
  },
  ENTRYPOINT(change, rest) {
    change.config.Entrypoint = commandOf(change, rest);
    // what were arguments of another program
    if (!change.hasCmd) delete change.config.Cmd;
  },
  ENV({ config }, rest, name) {
    const changed = pairs(config, rest, name);
    if (changed.some(([key]) => key === '')) throw bad('ENV names can not be blank');
    const env = new Map((config.Env ?? []).map((entry) => [entry.split('=', 1)[0] ?? '', entry]));
    for (const [key, value] of changed) env.set(key, `${key}=${value}`);
    config.Env = [...env.values()];
  },
  LABEL({ config }, rest, name) {
    const changed = pairs(config, rest, name);
    if (changed.some(([key]) => key === '')) throw bad('LABEL names can not be blank');
    config.Labels = { ...config.Labels, ...Object.fromEntries(changed) };
  },
  EXPOSE({ config }, rest, name) {
    const ports = words(config, rest, name).flatMap((word) => portsOf(word));
    config.ExposedPorts = { ...config.ExposedPorts, ...namesOf(ports) };
  },
  VOLUME({ config }, rest, name) {
    const list = jsonList(rest)?.map((path) => expanded(config, path));
    const paths = list ?? words(config, rest, name);
    if (paths.length === 0) throw tooFew(name);
    if (paths.includes('')) throw bad('VOLUME specified can not be an empty string');
    config.Volumes = { ...config.Volumes, ...namesOf(paths) };
  },
  USER({ config }, rest, name) {
    config.User = one(config, rest, name);
  },
  WORKDIR({ config }, rest, name) {
    const path = one(config, rest, name);
    config.WorkingDir = isAbsolute(path) ? join(path) : join('/', config.WorkingDir ?? '', path);
  },
  STOPSIGNAL({ config }, rest, name) {
    config.StopSignal = one(config, rest, name);
  },
  ONBUILD({ config }, rest, name) {
    if (rest === '') throw tooFew(name);
    const [trigger = ''] = rest.split(/\s+/, 1);
    const word = trigger.toUpperCase();
    if (word === 'ONBUILD') throw bad("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (word === 'FROM' || word === 'MAINTAINER') throw bad(`${word} isn't allowed as an ONBUILD trigger`);
    config.OnBuild = [...(config.OnBuild ?? []), rest];
  },
  HEALTHCHECK({ config }, rest) {
    config.Healthcheck = healthcheckOf(rest, jsonList, bad);
  },
});

const bad = (message: string): TinyrunError =>
  new TinyrunError('USAGE', message, { hint: `instructions are ${Object.keys(INSTRUCTIONS).join(', ')}` });

const tooFew = (name: string): TinyrunError => bad(`${name} requires at least one argument`);

const namesOf = (names: readonly string[]): Record<string, object> =>
  Object.fromEntries(names.map((name) => [name, {}] as const));

/** The JSON form as it stands, the shell form by the image's shell. */
const commandOf = ({ config }: Change, rest: string): string[] =>
  jsonList(rest) ?? [...(config.Shell ?? ['/bin/sh', '-c']), ...(rest === '' ? [] : [rest])];

/** Undefined for what is no JSON: that is meant for a shell. */
function jsonList(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw bad('when using JSON array syntax, arrays must be comprised of strings only');
}

function expanded({ Env }: ImageDefaults, word: string): string {
  return expandWord(word, (name) =>
    Env?.findLast((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1),
  );
}

function words(config: ImageDefaults, rest: string, name: string): string[] {
  if (rest === '') throw tooFew(name);
  return rest.split(/\s+/).flatMap((word) => expanded(config, word).split(/(?<=.)\s+/));
}

function one(config: ImageDefaults, rest: string, name: string): string {
  if (rest === '') throw bad(`${name} requires exactly one argument`);
  return expanded(config, rest);
}

/** `A=1 B="two words"`, or the old `A 1`. */
function pairs(config: ImageDefaults, rest: string, name: string): [string, string][] {
  const given = rawWords(rest);
  const [first] = given;
  if (first === undefined) throw tooFew(name);
  const all = first.includes('=') ? given.map(assignment) : [oldPair(rest, name)];
  return all.map(([key, value]) => [expanded(config, key), expanded(config, value)]);
}

function oldPair(rest: string, name: string): [string, string] {
  const [, key, value] = /^(\S+)\s+([\s\S]+)$/.exec(rest) ?? [];
  if (key === undefined || value === undefined) throw bad(`${name} must have two arguments`);
  return [key, value];
}

function assignment(word: string): [string, string] {
  const at = word.indexOf('=');
  if (at < 0)
    throw bad(`Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`);
  return [word.slice(0, at), word.slice(at + 1)];
}

const MAX_PORT = 65_535;

/** `80`, `80/udp`, `8000-8010/tcp`; what is published in front of it is nobody's here. */
function portsOf(text: string): string[] {
  const [given = '', proto = 'tcp'] = text.split('/', 2);
  const range = given.slice(given.lastIndexOf(':') + 1);
  const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (from === undefined || last > MAX_PORT || first > last) throw bad(`Invalid containerPort: ${range}`);
  if (!['tcp', 'udp', 'sctp'].includes(proto.toLowerCase())) throw bad(`Invalid proto: ${proto}`);
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}/${proto.toLowerCase()}`);
}
