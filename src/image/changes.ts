import { TinyrunError } from '../errors.ts';
import { dict } from '../store/dict.ts';
import type { ImageDefaults } from './types.ts';

/**
 * One Dockerfile instruction of `--change` applied to an image's config.
 * @throws TinyrunError USAGE
 */
export function applyChange(config: ImageDefaults, text: string): void {
  const [, word = '', rest = ''] = /^\s*(\w+)\s+([\s\S]*\S)\s*$/.exec(text) ?? [];
  const apply = INSTRUCTIONS[word.toUpperCase()];
  if (!apply)
    throw new TinyrunError('USAGE', `bad change ${JSON.stringify(text)}`, {
      hint: `instructions are ${Object.keys(INSTRUCTIONS).join(', ')}`,
    });
  apply(config, rest);
}

const INSTRUCTIONS: Readonly<Record<string, (config: ImageDefaults, rest: string) => void>> = dict({
  CMD: (config, rest) => {
    config.Cmd = command(rest);
  },
  ENTRYPOINT: (config, rest) => {
    config.Entrypoint = command(rest);
  },
  ENV: (config, rest) => {
    const changed = pairs(rest);
    const kept = (config.Env ?? []).filter((one) => !changed.some(([key]) => one.startsWith(`${key}=`)));
    config.Env = [...kept, ...changed.map(([key, value]) => `${key}=${value}`)];
  },
  LABEL: (config, rest) => {
    config.Labels = { ...config.Labels, ...Object.fromEntries(pairs(rest)) };
  },
  EXPOSE: (config, rest) => {
    const ports = rest.split(/\s+/).map((port) => [port.includes('/') ? port : `${port}/tcp`, {}] as const);
    config.ExposedPorts = { ...config.ExposedPorts, ...Object.fromEntries(ports) };
  },
  VOLUME: (config, rest) => {
    const paths = rest.startsWith('[') ? list(rest) : rest.split(/\s+/);
    config.Volumes = { ...config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}] as const)) };
  },
  USER: (config, rest) => {
    config.User = rest;
  },
  WORKDIR: (config, rest) => {
    config.WorkingDir = rest;
  },
  STOPSIGNAL: (config, rest) => {
    config.StopSignal = rest;
  },
});

/** The JSON form as it stands, the shell form by /bin/sh. */
const command = (rest: string): string[] => (rest.startsWith('[') ? list(rest) : ['/bin/sh', '-c', rest]);

function list(text: string): string[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  } catch {
    // The message below says all there is to say.
  }
  throw new TinyrunError('USAGE', `bad list ${text}`, {
    hint: 'a JSON list of strings: ["sh", "-c", "true"]',
  });
}

const PAIR = /([\w.-]+)=("(?:[^"\\]|\\.)*"|'[^']*'|\S*)/g;

/** `A=1 B="two words"`, or the old `A 1`. */
function pairs(rest: string): [string, string][] {
  const found = [...rest.matchAll(PAIR)].map(([, key = '', value = '']): [string, string] => [
    key,
    unquote(value),
  ]);
  if (found.length > 0) return found;
  const space = rest.search(/\s/);
  if (space < 0)
    throw new TinyrunError('USAGE', `bad assignment ${JSON.stringify(rest)}`, { hint: 'NAME=VALUE' });
  return [[rest.slice(0, space), rest.slice(space).trim()]];
}

function unquote(value: string): string {
  if (value.startsWith('"')) return value.slice(1, -1).replace(/\\(.)/g, '$1');
  return value.startsWith("'") ? value.slice(1, -1) : value;
}
