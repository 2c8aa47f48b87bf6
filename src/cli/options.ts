import { InvalidArgumentError } from 'commander';

/** For a flag that may be given many times: the values in their order. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

/** The same of variables. Docker's client looks at them as at the rest of a flag. */
export function collectEnv(value: string, previous: readonly string[] | undefined): readonly string[] {
  if (value === '' || value.startsWith('=')) throw new InvalidArgumentError('It has no variable name.');
  return collect(value, previous);
}

/** One word of a list. */
export function oneOf(...words: readonly string[]): (value: string) => string {
  return (value) => {
    if (words.includes(value)) return value;
    throw new InvalidArgumentError(`It must be one of ${words.join(', ')}.`);
  };
}

/** An integer, also one below zero. */
export function wholeNumber(value: string): number {
  if (/^[+-]?\d+$/.test(value)) return Number(value);
  throw new InvalidArgumentError(`It must be a whole number.`);
}

/** Seconds of a flag as milliseconds; whatever is below zero is for ever. */
export const seconds = (value: number): number => (value < 0 ? -1 : value * 1000);
