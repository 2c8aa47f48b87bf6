import { booleanOf } from '../../store/words.ts';
import type { Problem } from './problem.ts';
import { lineText, rangeAt, type Source } from './source.ts';

/** `# name=value` at the top. @see https://docs.docker.com/reference/dockerfile/#parser-directives */
export interface Directives {
  /** The frontend that was asked for. It is recorded; ours reads all of them. */
  readonly syntax?: string;
  readonly esc: string;
  readonly check: Check;
  /** How many lines they take. */
  readonly lines: number;
}

/** What the `check` directive says of the rules. */
export interface Check {
  readonly skip: readonly string[];
  readonly skipAll: boolean;
  /** Warnings fail the build. */
  readonly error: boolean;
}

const NO_CHECK: Check = { skip: [], skipAll: false, error: false };
const DIRECTIVE = /^#[ \t]*([a-zA-Z][a-zA-Z0-9]*)[ \t]*=[ \t]*(\S.*)$/;
const KNOWN = new Set(['syntax', 'escape', 'check']);

/** Reads them: the first line that is none, an unknown one included, ends them. */
export function readDirectives(source: Source, problems: Problem[]): Directives {
  const found = new Map<string, string>();
  let line = 1;
  const tell = (message: string) =>
    problems.push({
      rule: 'syntax',
      severity: 'error',
      message,
      range: rangeAt(
        source,
        source.starts[line - 1] ?? 0,
        (source.starts[line - 1] ?? 0) + lineText(source, line).length,
      ),
    });
  let esc = '\\';
  let check = NO_CHECK;
  for (; line <= source.starts.length; line++) {
    // `.+` and a trimmed end: a lazy quantifier before white space takes the square of the line's length
    const [, word = '', value = ''] = DIRECTIVE.exec(lineText(source, line).trim()) ?? [];
    const name = word.toLowerCase();
    if (!KNOWN.has(name)) break;
    if (found.has(name)) tell(`only one ${name} parser directive can be used`);
    found.set(name, value);
    if (name === 'escape') {
      if (value === '\\' || value === '`') esc = value;
      else tell(`invalid escape token '${value}': it is \\ or \``);
    }
    if (name === 'check') check = readCheck(value, tell);
  }
  const syntax = found.get('syntax');
  return { ...(syntax !== undefined && { syntax }), esc, check, lines: line - 1 };
}

/** `skip=A,B;error=true`, or of `all`. */
export function readCheck(value: string, tell: (message: string) => void): Check {
  let check = NO_CHECK;
  for (const part of value.split(';')) {
    const at = part.indexOf('=');
    const name = part.slice(0, Math.max(0, at)).trim();
    const given = part.slice(at + 1).trim();
    if (name === 'skip') {
      const skip = given.split(',').map((rule) => rule.trim());
      check = { ...check, skip, skipAll: given === 'all' };
    } else if (name === 'error') {
      const error = booleanOf(given);
      if (error === undefined) tell(`invalid check option: error=${given} is no boolean`);
      check = { ...check, error: error ?? false };
    } else tell(`invalid check option "${part.trim()}": it is skip=… or error=…`);
  }
  return check;
}
