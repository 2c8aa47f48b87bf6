import { dict } from '../../store/dict.ts';

/** One scheme of a WWW-Authenticate header, RFC 9110 section 11.6.1. */
export interface Challenge {
  /** Lowercase: `basic`, `bearer`. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const PARAMETER =
  /\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~0-9A-Za-z:/-]+))\s*/y;

/** All challenges of a header; what cannot be read ends the list. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let at = 0;
  while (at < header.length) {
    at += /^[\s,]*/.exec(header.slice(at))?.[0].length ?? 0;
    TOKEN.lastIndex = at;
    const scheme = TOKEN.exec(header)?.[0];
    if (scheme === undefined) break;
    const { parameters, end } = parseParameters(header, at + scheme.length);
    challenges.push({ scheme: scheme.toLowerCase(), parameters });
    at = end;
  }
  return challenges;
}

function parseParameters(header: string, from: number): { parameters: Record<string, string>; end: number } {
  const parameters = dict<Record<string, string>>({});
  let end = from;
  for (;;) {
    PARAMETER.lastIndex = header[end] === ',' ? end + 1 : end;
    const match = PARAMETER.exec(header);
    if (!match?.[1]) return { parameters, end };
    parameters[match[1].toLowerCase()] = (match[2] ?? '').replace(/\\(.)/g, '$1') || (match[3] ?? '');
    end = PARAMETER.lastIndex;
  }
}
