import { canRun, examine, type Finding, type Status } from '../../engine/doctor/checks.ts';
import { gatherFacts } from '../../engine/doctor/gather.ts';
import { toJson, visible, wrap } from '../../store/text.ts';
import type { Command, Context } from '../command.ts';
import { screenWidth } from '../output/screen.ts';

const MARKS: Readonly<Record<Status, string>> = { ok: '✔', warn: '!', fail: '✗' };

export const command: Command = {
  usage: '[options]',
  examples: ['tinyrun doctor', 'tinyrun doctor --json'],
  define(program, context) {
    program.option('--json', 'print the findings as JSON').action(async (options: { json?: true }) => {
      await report(options.json === true, context);
    });
  },
};

/** Exit 0 when `run` can work, 1 otherwise. */
async function report(json: boolean, context: Context): Promise<void> {
  const findings = examine(await gatherFacts(context.dataRoot));
  const ok = canRun(findings);
  context.exitCode = ok ? 0 : 1;
  if (json) context.out(`${toJson({ ok, checks: findings }, 2)}\n`);
  else context.draw(render(findings, screenWidth()));
}

/** One line per finding, the remedy below it; a last line that says what it comes to. */
export function render(findings: readonly Finding[], columns = Number.POSITIVE_INFINITY): string {
  const width = Math.max(...findings.map(({ id }) => id.length));
  const lines = findings.flatMap(({ id, status, detail, remedy }) => [
    hung(`${MARKS[status]} ${id.padEnd(width)}  `, detail, columns),
    ...(remedy === undefined ? [] : [hung(`${' '.repeat(width + 4)}→ `, remedy, columns)]),
  ]);
  const failed = findings.filter(({ status }) => status === 'fail').length;
  const summary =
    failed === 0 ? 'tinyrun run works here' : `tinyrun run cannot work here: mend the ${failed} marked ✗`;
  return `${lines.join('\n')}\n\n${summary}\n`;
}

/** Broken between words where the terminal ends, and gone on below its beginning. */
function hung(start: string, text: string, columns: number): string {
  const lines = wrap(visible(text), Math.max(columns - start.length, SHORTEST));
  return start + lines.join(`\n${' '.repeat(start.length)}`);
}

const SHORTEST = 16;
