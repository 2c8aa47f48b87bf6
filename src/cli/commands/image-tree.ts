import { TinyrunError } from '../../errors.ts';
import { ensureUnpacked } from '../../image/layers.ts';
import { ImageStore } from '../../image/store.ts';
import { type LayerTree, layerTrees } from '../../image/tree.ts';
import { visible, wrap } from '../../store/text.ts';
import { efficiency, layerLine } from '../../views/image-tree.ts';
import { humanSize } from '../../views/units.ts';
import type { Command, Context } from '../command.ts';
import { screenWidth } from '../output/screen.ts';
import { compileTemplate, type Template } from '../output/template.ts';
import { drawTree } from '../output/tree.ts';

interface Flags {
  readonly files: string;
  readonly format?: string;
}

export const command: Command = {
  usage: '[options] IMAGE',
  examples: [
    'tinyrun image tree alpine',
    'tinyrun image tree --files 50 alpine',
    'tinyrun image tree --format json alpine',
  ],
  define(program, context) {
    program
      .argument('<image>')
      .option('--files <N>', 'files shown of each layer, those with most bytes', '10')
      .option('--format <FORMAT>', 'json, or a Go template over the list of layers')
      .action((image: string, flags: Flags) => tree(image, flags, context));
  },
};

async function tree(name: string, flags: Flags, context: Context): Promise<void> {
  const print = flags.format === undefined ? undefined : documentPrinter(flags.format);
  const store = new ImageStore(context.dataRoot);
  const image = store.resolve(name);
  if (!image) throw new TinyrunError('IMAGE_NOT_FOUND', `no such image: ${name}`);
  if (!/^\d+$/.test(flags.files))
    throw new TinyrunError('FLAG', `--files ${flags.files}: a number is expected`);
  await ensureUnpacked(store, image);
  const layers = layerTrees(context.dataRoot, image);
  if (print) return context.out(`${print(layers)}\n`);
  context.draw(layers.map((layer, i) => drawLayer(layer, i, Number(flags.files))).join(''));
  context.out(summary(layers));
}

function documentPrinter(format: string): Template {
  return compileTemplate(format === 'json' ? '{{json .}}' : format);
}

function drawLayer(layer: LayerTree, i: number, count: number): string {
  const by = visible(layer.createdBy)
    .replace(/\s+/g, ' ')
    .slice(0, Math.min(100, (screenWidth() ?? 103) - 3));
  const made = by === '' ? '' : `│  ${by}\n`;
  return `${layerLine(layer, i)}\n${made}${drawTree(layer.changes, count, humanSize)}`;
}

function summary(layers: readonly LayerTree[]): string {
  const text = efficiency(layers);
  return `${wrap(text, screenWidth() ?? text.length).join('\n')}\n`;
}
