import { createEngine } from '../../engine/engine.ts';
import type { WayReport } from '../../engine/networks/diagnose.ts';
import { TinyrunError } from '../../errors.ts';
import type { Look } from '../../plan/explain.ts';
import { toJson, visible, wrap } from '../../store/text.ts';
import { describeWay, walkOf } from '../../views/network-why.ts';
import type { Command, Context } from '../command.ts';
import { objectPrinter } from '../output/objects.ts';
import { forLocale, look } from '../output/screen.ts';

interface Flags {
  readonly format?: string;
  readonly json?: boolean;
}

export const command: Command = {
  usage: '[options] FROM TO [PORT[/udp]]',
  examples: [
    'tinyrun network why web db 5432',
    'tinyrun network why internet web 8080',
    'tinyrun network why web internet',
    'tinyrun network why host web 53/udp',
    "tinyrun network why --format '{{.Mend}}' web db",
  ],
  define(program, context) {
    program
      .argument('<from>', 'a container, an address, host, or internet')
      .argument('<to>', 'the same')
      .argument('[port]', 'where it is asked: 80, 53/udp; of the host, from outside')
      .option('-f, --format <TEMPLATE>', 'json, or a template of Go')
      .option('--json', 'the same as data')
      .addHelpText('after', '\nEnds with 0 where TO is reached, with 1 where something breaks.')
      .action((from: string, to: string, port: string | undefined, flags: Flags) =>
        why({ from, to, ...portOf(port) }, flags, context),
      );
  },
};

/** @throws TinyrunError USAGE */
function portOf(text: string | undefined): { port?: number; protocol: 'tcp' | 'udp' } {
  if (text === undefined) return { protocol: 'tcp' };
  const [, digits = '', protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(text) ?? [];
  const port = Number(digits);
  if (port >= 1 && port <= 65535) return { port, protocol: protocol === 'udp' ? 'udp' : 'tcp' };
  throw new TinyrunError('USAGE', `${JSON.stringify(text)} is no port`, {
    hint: 'a number from 1 to 65535, with /tcp or /udp: 80, 53/udp',
  });
}

async function why(
  asked: Parameters<ReturnType<typeof createEngine>['whyNetwork']>[0],
  { format, json }: Flags,
  context: Context,
): Promise<void> {
  const print = format === undefined ? undefined : objectPrinter(format);
  const report = await createEngine(context).whyNetwork(asked);
  context.exitCode = report.findings.length === 0 ? 0 : 1;
  if (print) context.out(print(describeWay(report)));
  else if (json) context.out(`${toJson(describeWay(report), 2)}\n`);
  else context.draw(forLocale(drawWay(report, look())));
}

/** A line for each stage, to the one that breaks; what mends that below it. */
export function drawWay(report: WayReport, { width = Number.POSITIVE_INFINITY, paint }: Look): string {
  const colour = (how: 'green' | 'red' | 'dim', text: string) => paint?.(how, text) ?? text;
  const row = (mark: string, label: string, text: string) => {
    const lines = wrap(visible(text), Math.max(width - INDENT, SHORTEST));
    return `${mark} ${colour('dim', label.padEnd(INDENT - 2))}${lines.join(`\n${' '.repeat(INDENT)}`)}\n`;
  };
  const { findings } = report;
  const [first, ...more] = findings;
  return [
    ...walkOf(report).map(({ at, works, says }) =>
      row(works ? colour('green', '✔') : colour('red', '✗'), at, says),
    ),
    ...(first ? [row('→', 'mend', first.mend)] : []),
    ...(more.length > 0 ? [row(' ', 'then', more.map(({ says }) => says).join('; '))] : []),
  ].join('');
}

/** Of what stands behind its label. */
const INDENT = 13;
const SHORTEST = 24;
