import { TinyrunError } from '../errors.ts';
import { booleanOf } from '../store/words.ts';

/** A flag as runc's command line library (urfave/cli) reads it: `-name` and `--name` are the same. */
export interface Flag {
  /** Long name first, then its one-letter forms. */
  readonly names: readonly [string, ...string[]];
  readonly kind: 'bool' | 'string' | 'list';
  /** One line for --help. */
  readonly help: string;
}

/** What a command line said. */
export interface Parsed {
  has(name: string): boolean;
  /** false when absent or given as `--name=false`. */
  bool(name: string): boolean;
  /** The last value given, undefined when absent. */
  string(name: string): string | undefined;
  /** All values given, in order. */
  list(name: string): readonly string[];
  /** What is no flag, in order. */
  readonly args: readonly string[];
}

/** Wrong usage; runc's wording. */
export function usage(message: string): TinyrunError {
  return new TinyrunError('USAGE', message, { hint: 'tinyrunc help lists the commands and their flags' });
}

class Values implements Parsed {
  private readonly values = new Map<string, string[]>();
  readonly args: string[] = [];

  add(flag: Flag, value: string): void {
    const [name] = flag.names;
    if (flag.kind === 'bool' && booleanOf(value) === undefined) {
      throw usage(`invalid boolean value ${JSON.stringify(value)} for -${name}: parse error`);
    }
    this.values.set(name, [...(this.values.get(name) ?? []), value]);
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  bool(name: string): boolean {
    return booleanOf(this.string(name) ?? 'false') === true;
  }

  string(name: string): string | undefined {
    return this.values.get(name)?.at(-1);
  }

  list(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }
}

function isFlag(word: string): boolean {
  return word.length > 1 && word.startsWith('-');
}

/**
 * Reads a command line. With `stopAtArgument` the first word that is no flag ends the flags (global flags, and
 * `exec`, whose command has flags of its own); otherwise flags may follow the arguments, as urfave/cli lets them.
 * @throws TinyrunError (USAGE)
 */
export function parse(words: readonly string[], flags: readonly Flag[], stopAtArgument: boolean): Parsed {
  const values = new Values();
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (word === '--' || (stopAtArgument && !isFlag(word))) {
      values.args.push(...words.slice(word === '--' ? at + 1 : at));
      break;
    }
    if (isFlag(word)) at += readFlag(word, words[at + 1], flags, values);
    else values.args.push(word);
  }
  return values;
}

/** Reads one flag; answers how many further words it took. */
function readFlag(word: string, next: string | undefined, flags: readonly Flag[], values: Values): number {
  const [, name = '', inline] = /^--?([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  const flag = flags.find(({ names }) => names.includes(name));
  if (flag === undefined) throw usage(`flag provided but not defined: -${name}`);
  if (inline !== undefined || flag.kind === 'bool') {
    values.add(flag, inline ?? 'true');
    return 0;
  }
  if (next === undefined) throw usage(`flag needs an argument: -${name}`);
  values.add(flag, next);
  return 1;
}
