import { canRun, examine, type Finding, type Status } from '../../engine/doctor/checks.ts';
import { gatherFacts } from '../../engine/doctor/gather.ts';
import { toJson } from '../../store/text.ts';
import type { Command, Context } from '../command.ts';

const MARKS: Readonly<Record<Status, string>> = { ok: '✔', warn: '!', fail: '✗' };

export const command: Command = {
  name: 'doctor',
  summary: 'check the host point by point, and say how to mend it',
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
  else context.out(render(findings));
}

/** One line per finding, the remedy below it; a last line that says what it comes to. */
export function render(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ id }) => id.length));
  const lines = findings.flatMap(({ id, status, detail, remedy }) => [
    `${MARKS[status]} ${id.padEnd(width)}  ${detail}`,
    ...(remedy === undefined ? [] : [`${' '.repeat(width + 4)}→ ${remedy}`]),
  ]);
  const failed = findings.filter(({ status }) => status === 'fail').length;
  const summary =
    failed === 0 ? 'tinyrun run works here' : `tinyrun run cannot work here: mend the ${failed} marked ✗`;
  return `${lines.join('\n')}\n\n${summary}\n`;
}
