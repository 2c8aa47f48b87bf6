import { createEngine } from '../../engine/engine.ts';
import { visible } from '../../store/text.ts';
import { infoDocument, infoText } from '../../views/info.ts';
import type { Command, Context } from '../command.ts';
import { objectPrinter } from '../output/objects.ts';
import { VERSION } from '../program.ts';

export const command: Command = {
  usage: '[options]',
  examples: ['tinyrun info', "tinyrun info --format '{{.KernelVersion}}'", 'tinyrun info -f json'],
  define(program, context) {
    program
      .option('-f, --format <FORMAT>', 'json, or a Go template')
      .action((flags: { format?: string }) => show(flags.format, context));
  },
};

async function show(format: string | undefined, context: Context): Promise<void> {
  const print = format ? objectPrinter(format) : undefined;
  const info = await createEngine(context).info((error) => context.err(`tinyrun: ${error.message}\n`));
  const document = infoDocument(info, VERSION);
  if (print) return context.out(print(document));
  context.out(visible(infoText(document)));
  context.err(document.Warnings.map((line) => `${line}\n`).join(''));
}
