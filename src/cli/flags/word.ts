import { ConfigError } from '../../engine/config/error.ts';
import type { FieldNames } from './group.ts';

/** Flags as commander hands them over: in camel case, lists where they may be given many times. */
export type Given = Readonly<Record<string, unknown>>;

/**
 * An error in the words of the command line: `limits.memory` is `--memory "3m"` here. Any other error stays as it is.
 * @param config what was read from the flags: in a list the flags' values are the last ones
 */
export function inFlags(error: unknown, names: FieldNames, given: Given, config: object): unknown {
  if (!(error instanceof ConfigError)) return error;
  return error.worded(subjectOf(error.field, names, given, config), (field) => {
    const { flags } = find(field, names);
    return flagOf(flags.find((flag) => valuesOf(flag, given).length > 0) ?? flags[0] ?? field);
  });
}

function subjectOf(field: string, names: FieldNames, given: Given, config: object): string {
  const { path, flags, rest } = find(field.replaceAll(/\[\d+\]/g, ''), names);
  if (flags.length === 0) return field;
  const values = flags.flatMap((flag) => valuesOf(flag, given).map((text) => ({ flag, text })));
  const index = /\[(\d+)\]/.exec(field)?.[1];
  const list = at(config, (field.split('[')[0] ?? '').split('.'));
  const found =
    index === undefined
      ? (values.findLast(({ text }) => text.startsWith(`${rest}=`)) ?? values[0])
      : values[Number(index) - (Array.isArray(list) ? list.length - values.length : 0)];
  const { flag, text } = found ?? { flag: flagOf(flags[0] ?? path), text: '' };
  const kind = index === undefined ? undefined : (at(list, [index]) as { kind?: string } | undefined)?.kind;
  const words: Readonly<Record<string, string | undefined>> = {
    '%q': JSON.stringify(text),
    '%s': text,
    '%k': kind,
  };
  return flag.replace(/%[qsk]/g, (verb) => words[verb] ?? '');
}

/** The flags of a field or of what it is a part of: `mounts.target` may be named, or `mounts`. */
function find(field: string, names: FieldNames): { path: string; flags: readonly string[]; rest: string } {
  const parts = field.split('.');
  for (let length = parts.length; length > 0; length--) {
    const path = parts.slice(0, length).join('.');
    const flags = Object.hasOwn(names, path) ? names[path] : undefined;
    if (flags !== undefined) return { path, flags: [flags].flat(), rest: parts.slice(length).join('.') };
  }
  return { path: field, flags: [], rest: '' };
}

const flagOf = (flag: string): string => flag.split(' ')[0] ?? flag;

function valuesOf(flag: string, given: Given): readonly string[] {
  const key = (/--([a-z-]+)/.exec(flag)?.[1] ?? '').replace(/-([a-z])/g, (_, letter) => letter.toUpperCase());
  const value = given[key];
  return value === undefined ? [] : [value].flat().map(String);
}

const at = (value: unknown, path: readonly string[]): unknown =>
  path.reduce((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
