import { createEngine } from '../../engine/engine.ts';
import { TinyrunError } from '../../errors.ts';
import { writeFileAtomic } from '../../store/atomic.ts';
import { toJson } from '../../store/text.ts';
import { rfc3339 } from '../../store/time.ts';
import { graphOf } from '../../views/network-graph.ts';
import { drawPage, drawSvg } from '../../views/network-svg.ts';
import { drawTree } from '../../views/network-tree.ts';
import type { Command, Context } from '../command.ts';
import { forLocale, look } from '../output/screen.ts';

interface Flags {
  readonly html?: string;
  readonly svg?: string;
  readonly json?: boolean;
}

export const command: Command = {
  usage: '[options]',
  examples: [
    'tinyrun network graph',
    'tinyrun network graph --html networks.html',
    'tinyrun network graph --svg - >networks.svg',
    'tinyrun network graph --json',
  ],
  define(program, context) {
    program
      .option('--html <FILE>', 'a page that needs nothing else; - is standard output')
      .option('--svg <FILE>', 'a picture')
      .option('--json', 'the same as data')
      .action((flags: Flags) => graph(flags, context));
  },
};

async function graph({ html, svg, json }: Flags, context: Context): Promise<void> {
  if ([html, svg, json].filter((each) => each !== undefined).length > 1)
    throw new TinyrunError('USAGE', '--html, --svg and --json: one of them at a time');
  const root = graphOf(await createEngine(context).networkGraph());
  if (json) context.out(`${toJson(root, 2)}\n`);
  else if (html !== undefined) write(html, drawPage(root, drawTree(root, {}), rfc3339()), context);
  else if (svg !== undefined) write(svg, drawSvg(root), context);
  else context.draw(forLocale(drawTree(root, look())));
}

/** Names in it are escaped by then. */
function write(file: string, text: string, context: Context): void {
  if (file === '-') context.out(text);
  else writeFileAtomic(file, text, { mode: 0o644 });
}
