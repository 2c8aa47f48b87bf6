import { toJson } from '../../store/text.ts';
import type { Context } from '../command.ts';
import { formatFailure, toFailure } from '../fail.ts';
import { compileTemplate } from './template.ts';
import { Row } from './template-values.ts';

/**
 * Describes several as docker inspect does: what was found is printed, as a list; what was not makes the exit code 1.
 * A template that does not parse is refused before any is looked for.
 */
export function printObjects(
  names: readonly string[],
  format: string | undefined,
  context: Context,
  describe: (name: string) => object,
): void {
  const print = printer(format);
  const found: object[] = [];
  for (const name of names) {
    try {
      found.push(describe(name));
    } catch (error) {
      context.err(formatFailure(toFailure(error), context.command));
      context.exitCode = 1;
    }
  }
  try {
    context.out(print(found));
  } catch (error) {
    context.out('\n'); // docker ends a line that it could not fill
    throw error;
  }
}

/** A list, or a line per object. */
function printer(format: string | undefined): (found: readonly object[]) => string {
  if (!format) return (found) => `${toJson(found, 4)}\n`;
  if (format === 'json') return (found) => `${toJson(found)}\n`;
  const template = compileTemplate(format);
  // docker ends a line where it has none, too
  return (found) => found.map((one) => `${template(one)}\n`).join('') || '\n';
}

/** Prints one object by `--format`, a line. What does not parse is refused when this is asked for. */
export function objectPrinter(format: string): (value: object) => string {
  if (format === 'json') return (value) => `${toJson(value)}\n`;
  const template = compileTemplate(format);
  return (value) => `${template(new Row({ ...value }))}\n`;
}
