import { type Directives, readDirectives } from '../directives.ts';
import type { ArgInstruction, Instruction, Stage } from '../instruction.ts';
import { type Line, LineReader } from '../lines.ts';
import { byPlace, type Problem, type Report } from '../problem.ts';
import { readSource, type Source } from '../source.ts';
import { parseDeed } from './deed.ts';
import { parseFrom } from './from.ts';
import { Reader } from './reader.ts';

/** A Dockerfile as it was written: nothing is expanded, no stage is looked for. */
export interface Dockerfile {
  readonly source: Source;
  readonly directives: Directives;
  readonly lines: readonly Line[];
  /** ARGs before the first FROM. */
  readonly globals: readonly (Instruction & ArgInstruction)[];
  readonly stages: readonly Stage[];
  /** All that is wrong with it as a text, by place. */
  readonly problems: readonly Problem[];
}

/** What a file is refused for at once: BuildKit reads no more of one either. */
export const MOST_BYTES = 2 * 2 ** 20;

/** @see https://docs.docker.com/reference/dockerfile/ of Dockerfile 1.20 */
export function parseDockerfile(name: string, text: string): Dockerfile {
  const problems: Problem[] = [];
  const source = readSource(name, text);
  const directives = readDirectives(source, problems);
  const lines = new LineReader(source, directives, problems).read();
  const tell: Report = (message, range, suggestion) =>
    problems.push({
      rule: 'syntax',
      severity: 'error',
      message,
      range,
      ...(suggestion !== undefined && { suggestion }),
    });
  const { globals, stages } = stagesOf(source, lines, directives.esc, tell);
  if (stages.length === 0 && problems.length === 0) {
    const whole = lines.at(-1)?.range ?? { start: { line: 1, column: 0 }, end: { line: 1, column: 0 } };
    tell(lines.length === 0 ? 'file with no instructions' : 'dockerfile contains no stages to build', whole);
  }
  return { source, directives, lines, globals, stages, problems: problems.sort(byPlace) };
}

function stagesOf(source: Source, lines: readonly Line[], esc: string, tell: Report) {
  const globals: (Instruction & ArgInstruction)[] = [];
  const stages: (Stage & { body: Instruction[] })[] = [];
  let seenFrom = false;
  for (const line of lines) {
    const name = line.keyword.toUpperCase();
    if (name === 'FROM') {
      seenFrom = true;
      const reader = new Reader(source, line, { name, restAt: line.restAt, esc }, tell);
      const stage = parseFrom(reader, stages.length);
      if (stage) stages.push({ ...stage, body: [] });
      continue;
    }
    const deed = parseDeed(source, line, esc, tell);
    if (deed === undefined) continue;
    const instruction: Instruction = { ...deed, range: line.range, line };
    if (instruction.kind === 'arg' && !seenFrom) globals.push(instruction);
    else if (seenFrom) stages.at(-1)?.body.push(instruction);
    else tell(`no build stage in current context: ${name} stands before the first FROM`, line.keywordRange);
  }
  return { globals, stages };
}
