import type { Option, Command as Program } from 'commander';
import { valueOption } from '../booleans.ts';

/** What the word under the cursor is. */
export type Request =
  /** A flag of the command. */
  | { readonly is: 'flag'; readonly of: Program }
  /** The value of a flag; `head` is what stands before it in the same word: `--pull=`. */
  | { readonly is: 'value'; readonly flag: string; readonly head: string }
  /** The argument at this place; the words before it that are arguments, too. */
  | { readonly is: 'argument'; readonly of: Program; readonly before: readonly string[] }
  /** A word of the program in the container: none of ours. */
  | { readonly is: 'foreign' };

/**
 * Reads the words behind a verb, the last of which is being typed. Pure.
 * @param passThrough the first argument that is no flag ends our flags, as IMAGE does in `run IMAGE ls -l`
 */
export function requestOf(words: readonly string[], of: Program, passThrough: boolean): Request {
  const current = words.at(-1) ?? '';
  let pending: Option | undefined;
  let ended = false;
  const before: string[] = [];
  for (const word of words.slice(0, -1)) {
    if (pending) pending = undefined;
    else if (!ended && word === '--') ended = true;
    else if (!ended && /^-./.test(word)) pending = valueOption(word, of.options);
    else before.push(word);
    if (passThrough && before.length > 0) return { is: 'foreign' };
  }
  if (pending) return { is: 'value', flag: nameOf(pending), head: '' };
  if (!ended && current.startsWith('-')) return flagOrValue(current, of);
  return { is: 'argument', of, before };
}

const nameOf = (option: Option): string => option.long ?? option.short ?? '';

function flagOrValue(current: string, of: Program): Request {
  const [head, flag] = /^(--[^=]+)=/.exec(current) ?? [];
  return head && flag ? { is: 'value', flag, head } : { is: 'flag', of };
}
