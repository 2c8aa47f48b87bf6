import type { Command } from './command.ts';

/** What is known of a verb without loading it. */
export interface Verb {
  /**
   * All its names below `tinyrun`, as docker's help lists them: `ps`, `container ls`, `container list`. The first is what
   * it is called among ourselves; of those in a group, the first is listed there.
   */
  readonly names: readonly [string, ...string[]];
  /** One line, lowercase, no full stop. */
  readonly summary: string;
  /**
   * It does something to the system: it has --explain and --trace then. `elsewhere`: a registry has a part in it, whose answers
   * nobody knows before it is asked: it has --trace.
   */
  readonly changes: boolean | 'elsewhere';
  /** In no list. */
  readonly hidden?: boolean;
  readonly hot?: Hot;
  /** Loads the one file of the verb; nothing of the others is read. */
  load(): Promise<{ readonly command: Command }>;
}

/** Of a verb that is called so often that a start-up snapshot holds it ready. */
export interface Hot {
  /** The snapshot (boot/entries.ts). */
  readonly entry: 'main' | 'run';
  /** What the verb itself loads late, and the snapshot holds too. */
  also?(): Promise<unknown>;
}

/** A word with verbs behind it: `image`, whose members are all that have a name `image …`. */
export interface Group {
  readonly summary: string;
  readonly examples: readonly string[];
}

export interface Table {
  /** In the order of the lists. */
  readonly verbs: readonly Verb[];
  readonly groups: Readonly<Record<string, Group>>;
}

/** What the words of a command line are about; `rest` are those behind it. */
export type Place =
  | {
      readonly is: 'verb';
      readonly path: readonly string[];
      readonly verb: Verb;
      readonly rest: readonly string[];
    }
  | { readonly is: 'group'; readonly name: string; readonly group: Group; readonly rest: readonly string[] };

/**
 * Finds the verb that words (`image`, `ls`, `-q`) begin with, or the group, where they name none of its members.
 * `path` is how the verb is listed there, whichever of its names was used.
 */
export function locate(table: Table, words: readonly string[]): Place | undefined {
  const [first = ''] = words;
  const group = table.groups[first];
  if (!group) return placeOf(table, '', first, words.slice(1));
  if (words[1] === 'help') return locate(table, [first, ...words.slice(2), '--help']);
  const rest = words.slice(words[1] === '--' ? 2 : 1);
  return (
    placeOf(table, first, rest[0] ?? '', rest.slice(1)) ?? {
      is: 'group',
      name: first,
      group,
      rest: words.slice(1),
    }
  );
}

function placeOf(table: Table, group: string, word: string, rest: readonly string[]): Place | undefined {
  const verb = table.verbs.find(({ names }) => namesIn(names, group).includes(word));
  const [listed] = verb ? namesIn(verb.names, group) : [];
  if (!verb || listed === undefined) return undefined;
  return { is: 'verb', path: group === '' ? [listed] : [group, listed], verb, rest };
}

/** Of the names those within a group, or, for '', those of no group. */
function namesIn(names: readonly string[], group: string): string[] {
  return names.flatMap((name) => {
    const words = name.split(' ');
    const word = words.pop();
    return word !== undefined && words.join(' ') === group ? [word] : [];
  });
}

/** What is listed of a group, or of tinyrun itself (''), with all names it has there. */
export function membersOf(table: Table, group: string): readonly { names: readonly string[]; verb: Verb }[] {
  return table.verbs
    .filter(({ hidden }) => !hidden)
    .map((verb) => ({ verb, names: namesIn(verb.names, group) }))
    .filter(({ names }) => names.length > 0);
}

/** All words that may follow `tinyrun` (''), or a group. */
export function wordsOf(table: Table, group: string): string[] {
  const words = membersOf(table, group).flatMap(({ names }) => names);
  return group === '' ? [...Object.keys(table.groups), ...words] : words;
}
