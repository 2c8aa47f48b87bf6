import { createEngine } from '../../engine/engine.ts';
import type { WhyReport } from '../../engine/explain-end.ts';
import type { Look } from '../../plan/explain.ts';
import { toJson, visible, wrap } from '../../store/text.ts';
import { adviceOf, agoOf, describeReport, illnessOf, sentenceOf, verdictOf } from '../../views/why.ts';
import type { Command, Context } from '../command.ts';
import { wholeNumber } from '../options.ts';
import { objectPrinter } from '../output/objects.ts';
import { forLocale, look } from '../output/screen.ts';

interface Flags {
  readonly format?: string;
  readonly json?: boolean;
  readonly tail: number;
}

export const command: Command = {
  usage: '[options] CONTAINER',
  examples: ['tinyrun why web', 'tinyrun why --tail 20 web', "tinyrun why --format '{{.Reason}}' web"],
  define(program, context) {
    program
      .argument('<container>')
      .option('-f, --format <TEMPLATE>', 'json, or a template of Go')
      .option('--json', 'the same as data')
      .option('-n, --tail <N>', 'the last N lines that it wrote', wholeNumber, 5)
      .action((container: string, flags: Flags) => why(container, flags, context));
  },
};

async function why(container: string, { format, json, tail }: Flags, context: Context): Promise<void> {
  const print = format === undefined ? undefined : objectPrinter(format);
  const report = await createEngine(context).why(container, { lines: Math.max(tail, 0) });
  if (print) context.out(print(describeReport(report)));
  else if (json) context.out(`${toJson(describeReport(report), 2)}\n`);
  else context.draw(forLocale(drawWhy(report, look())));
}

const COLOURS = { good: 'green', odd: 'yellow', bad: 'red' } as const;
const MARKS = { good: '✔', odd: '!', bad: '✗' } as const;

/** Red is what should not have been, yellow what somebody wanted, green what went well. */
export function drawWhy(report: WhyReport, { width = Number.POSITIVE_INFINITY, paint }: Look): string {
  const { view, log, hindrance } = report;
  const { name, id, exit } = view.record;
  const verdict = verdictOf(report);
  const colour = (how: 'green' | 'yellow' | 'red' | 'dim', text: string) => paint?.(how, text) ?? text;
  const row = (label: string, text: string, how?: 'red') => {
    const lines = wrap(visible(text), Math.max(width - INDENT, SHORTEST));
    const all = lines.map((line) => (how ? colour(how, line) : line)).join(`\n${' '.repeat(INDENT)}`);
    return `${colour('dim', label.padEnd(INDENT))}${all}\n`;
  };
  const advice = adviceOf(report, name);
  const illness = illnessOf(view.health);
  const ended = exit ? ` with ${report.code}, ${agoOf(exit.finished)}` : '';
  return [
    `${colour(COLOURS[verdict], MARKS[verdict])} ${name} (${id.slice(0, 12)}): ${view.status}${ended}\n`,
    row('why', sentenceOf(report)),
    ...(report.by ? [row('sent', `${report.by.at}${exit ? `; ended ${exit.finished}` : ''}`)] : []),
    ...(report.message && !sentenceOf(report).includes(report.message) ? [row('note', report.message)] : []),
    ...(illness === undefined ? [] : [row('health', illness)]),
    ...(hindrance === undefined ? [] : [row('start', `would fail now: ${hindrance}`, 'red')]),
    ...(advice === undefined ? [] : [row('next', advice)]),
    ...log.map((line, i) => row(i === 0 ? 'log' : '', `│ ${line}`)),
  ].join('');
}

/** Of what stands behind its label. */
const INDENT = 7;
const SHORTEST = 20;
