import { lineText, type Range, type Source } from './source.ts';

/** What is wrong with a Dockerfile, or unwise. All of them are known before anything runs. */
export interface Problem {
  /** BuildKit's name of a check; of an error `syntax`, `expand` or `stage`. */
  readonly rule: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly range: Range;
  /** What was probably meant, by edit distance. */
  readonly suggestion?: string;
}

/** How an error of a rule is told to whoever collects them. */
export type Report = (message: string, range: Range, suggestion?: string) => void;

export const byPlace = (a: Problem, b: Problem): number =>
  a.range.start.line - b.range.start.line || a.range.start.column - b.range.start.column;

/** `unknown instruction: RNU (did you mean RUN?)`. */
export const said = ({ message, suggestion }: Problem): string =>
  suggestion === undefined ? message : `${message} (did you mean ${suggestion}?)`;

/** Lines around a single one, and around several. */
const AROUND_ONE = 4;
const AROUND_MORE = 2;
const RULE = '-'.repeat(20);
/** A line is shown so far: what is longer is nothing that a person wrote. */
const WIDE = 200;
const cut = (text: string): string => (text.length > WIDE ? `${text.slice(0, WIDE)}…` : text);

/** The place as `docker build --check` shows it: name and line, some lines around, `>>>` at those it is about. */
export function excerpt(source: Source, { start, end }: Range): string {
  const count = source.starts.length;
  const last = Math.max(start.line, Math.min(end.line, count));
  let from = start.line;
  let to = last;
  const around = from === to ? AROUND_ONE : AROUND_MORE;
  for (let shown = 0; shown < around; shown++) {
    if (from > 1) [from, shown] = [from - 1, shown + 1];
    if (to < count) [to, shown] = [to + 1, shown + 1];
  }
  const lines: string[] = [];
  for (let line = from; line <= to; line++) {
    const mark = line >= start.line && line <= last ? '>>>' : '   ';
    lines.push(` ${String(line).padStart(3)} | ${mark} ${cut(lineText(source, line))}`);
  }
  return `${source.name}:${start.line}\n${RULE}\n${lines.join('\n')}\n${RULE}\n`;
}

/** The place of an error: `Dockerfile:2:5: message`, the line, and what of it is meant. */
export function pointed(source: Source, problem: Problem): string {
  const { start, end } = problem.range;
  const text = lineText(source, start.line);
  const until = end.line === start.line ? end.column : text.length;
  const head = `${source.name}:${start.line}:${start.column + 1}: ${said(problem)}\n`;
  if (text.trim() === '' || text.length > WIDE) return head;
  // tabs before the caret stay, so that it stands where it should however wide they are
  const indent = text.slice(0, start.column).replaceAll(/[^\t]/g, ' ');
  const caret = '^'.repeat(Math.max(1, until - start.column));
  return `${head}  ${text}\n  ${indent}${caret}\n`;
}
