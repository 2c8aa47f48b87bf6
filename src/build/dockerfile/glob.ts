// Patterns of `${v#p}`, `${v%p}` and `${v/p/r}`: `*` and `?`, `\` before what is meant as it stands. Between stars each part
// takes the first place that fits, or the last one the last, so that nothing is ever tried twice.

/** One character of a pattern: itself, or any. */
type Unit = string | undefined;

/** The parts between the stars. */
export type Glob = readonly (readonly Unit[])[];

/** How much comparing, and how many characters of results, are left to all that one build expands. */
export interface Budget {
  steps: number;
  characters: number;
}

export function readGlob(pattern: string): Glob {
  const parts: Unit[][] = [[]];
  const units = [...pattern];
  for (let at = 0; at < units.length; at++) {
    const c = units[at] ?? '';
    if (c === '*') parts.push([]);
    else if (c === '\\' && at + 1 < units.length) parts.at(-1)?.push(units[++at] ?? '');
    else parts.at(-1)?.push(c === '?' ? undefined : c);
  }
  return parts;
}

/** The same pattern from behind. */
export const reversed = (glob: Glob): Glob => glob.map((part) => part.toReversed()).toReversed();

function fits(text: readonly string[], part: readonly Unit[], at: number, budget: Budget): boolean {
  if (at + part.length > text.length) return false;
  for (let i = 0; i < part.length; i++) {
    budget.steps--;
    if (part[i] !== undefined && part[i] !== text[at + i]) return false;
  }
  return true;
}

function first(text: readonly string[], part: readonly Unit[], from: number, budget: Budget): number {
  for (let at = from; at + part.length <= text.length && budget.steps > 0; at++)
    if (fits(text, part, at, budget)) return at;
  return -1;
}

function last(text: readonly string[], part: readonly Unit[], from: number, budget: Budget): number {
  for (let at = text.length - part.length; at >= from && budget.steps > 0; at--)
    if (fits(text, part, at, budget)) return at;
  return -1;
}

/** Where a match that begins at `from` ends, the shortest or the longest; -1 where there is none. */
export function matchAt(
  text: readonly string[],
  glob: Glob,
  from: number,
  how: { longest: boolean; budget: Budget },
): number {
  const [head = [], ...more] = glob;
  if (!fits(text, head, from, how.budget)) return -1;
  let at = from + head.length;
  for (const [index, part] of more.entries()) {
    const search = how.longest && index === more.length - 1 ? last : first;
    const found = search(text, part, at, how.budget);
    if (found < 0) return -1;
    at = found + part.length;
  }
  return at;
}

/** Without what matches at its front. */
export function withoutPrefix(value: string, glob: Glob, longest: boolean, budget: Budget): string {
  const text = [...value];
  const end = matchAt(text, glob, 0, { longest, budget });
  return end < 0 ? value : text.slice(end).join('');
}

/** Without what matches at its end. */
export function withoutSuffix(value: string, glob: Glob, longest: boolean, budget: Budget): string {
  const text = [...value].reverse();
  const end = matchAt(text, reversed(glob), 0, { longest, budget });
  return end < 0 ? value : text.slice(end).reverse().join('');
}

/** With `by` in place of the first match, or of all, each as long as it can be. */
export function replaced(
  value: string,
  glob: Glob,
  by: string,
  how: { all: boolean; limit: number; budget: Budget },
): string {
  const text = [...value];
  // stars alone match nothing at all, too, but nothing is looked for behind the end of anything
  if (text.length === 0 && glob.length > 1 && glob.every((part) => part.length === 0)) return by;
  const [head = []] = glob;
  const parts: string[] = [];
  let size = 0;
  let at = 0;
  while (at < text.length && size <= how.limit) {
    const start = first(text, head, at, how.budget);
    // what does not match behind the first place of its front does not behind a later one
    const end = start < 0 ? -1 : matchAt(text, glob, start, { longest: true, budget: how.budget });
    if (end <= start) break;
    parts.push(text.slice(at, start).join(''), by);
    size += start - at + by.length;
    at = end;
    if (!how.all) break;
  }
  return parts.join('') + text.slice(at).join('');
}
