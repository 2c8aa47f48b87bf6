import type { Option, Command as Program } from 'commander';
import type { Roots } from '../../store/paths.ts';
import { list } from './listings.ts';
import type { Request } from './request.ts';
import { argumentsOf, type Source, valuesOf } from './values.ts';

export interface Candidate {
  readonly word: string;
  readonly about?: string;
}

/** What a shell does with the candidates: `open` puts no blank behind the word; the others complete paths of the host. */
export type Next = 'done' | 'open' | 'files' | 'directories';

export interface Answer {
  readonly candidates: readonly Candidate[];
  readonly next: Next;
}

/** Paths are the shell's to complete. */
const FILES: Answer = { candidates: [], next: 'files' };

/** What may stand where the cursor is, `current` being typed of it, behind the verb that is called `name` among ourselves. */
export async function answerTo(
  request: Request,
  current: string,
  { name, roots }: { name: string; roots: Roots },
): Promise<Answer> {
  switch (request.is) {
    case 'foreign':
      return FILES;
    case 'flag':
      return matching(flagsOf(request.of), current);
    case 'value': {
      const sources = valuesOf(name, request.flag);
      const typed = current.slice(request.head.length);
      return sources
        ? await fromSources(sources, { typed, head: request.head, roots })
        : matching([], current);
    }
    case 'argument': {
      const { of, before } = request;
      const last = of.registeredArguments.at(-1);
      if (before.length >= of.registeredArguments.length && !last?.variadic) return matching([], current);
      const sources = argumentsOf(name, before.length) ?? [];
      return await fromSources(sources, { typed: current, head: '', roots, but: before });
    }
  }
}

/** Visible flags; the short ones once a single dash is typed, as all of them then begin with it. */
function flagsOf(program: Program): Candidate[] {
  const help = program.createHelp();
  return help
    .visibleOptions(program)
    .flatMap((option: Option) =>
      [option.long, option.short]
        .filter((word) => word !== undefined)
        .map((word) => ({ word, about: option.description })),
    );
}

interface Typed {
  readonly typed: string;
  readonly head: string;
  readonly roots: Roots;
  /** Words that are there already. */
  readonly but?: readonly string[];
}

async function fromSources(
  sources: readonly Source[],
  { typed, head, roots, but = [] }: Typed,
): Promise<Answer> {
  const paths = sources.find(
    (source) => typeof source !== 'string' && /^(files|directories)$/.test(source.all),
  );
  if (paths && typeof paths !== 'string')
    return { candidates: [], next: paths.all === 'files' ? 'files' : 'directories' };
  const found: Candidate[] = [];
  for (const source of sources) {
    if (typeof source === 'string') found.push({ word: source });
    else {
      const { all, before = '' } = source;
      if (!before.startsWith(typed.slice(0, before.length))) continue;
      const listed = await list(all, roots, typed.slice(before.length));
      found.push(...listed.map(({ word, ...rest }) => ({ word: before + word, ...rest })));
    }
  }
  const left = found.filter(({ word }) => !but.includes(word));
  return matching(
    left.map(({ word, ...rest }) => ({ word: head + word, ...rest })),
    head + typed,
  );
}

/** Those that begin as typed. Behind `type=bind,source=` the word goes on. */
export function matching(candidates: readonly Candidate[], current: string): Answer {
  const fit = candidates.filter(({ word }) => word.startsWith(current));
  const goesOn = fit.length > 0 && fit.every(({ word }) => /[=:,]$/.test(word));
  return { candidates: fit, next: goesOn ? 'open' : 'done' };
}

/**
 * What the scripts of `tinyrun completion` read: a line a candidate, with a tab before what it means, and a last line
 * `:done`, `:open`, `:files` or `:directories`.
 */
export function printed({ candidates, next }: Answer): string {
  const lines = candidates.map(({ word, about }) =>
    about ? `${word}\t${about.replace(/\s+/g, ' ')}` : word,
  );
  return [...lines, `:${next}`, ''].join('\n');
}
