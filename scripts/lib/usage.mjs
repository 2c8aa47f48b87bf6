import { readFileSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Whether a module is what node was asked to run, not what that imports. */
export const isMain = (url) =>
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);

/**
 * What parseArgs makes of the command line. --help prints the comment at the head of the script and ends it; what the
 * script does not know ends it with 2.
 */
export function readArguments({ options = {}, words = false } = {}) {
  const [, script] = process.argv;
  const help = { type: 'boolean', short: 'h' };
  try {
    const read = parseArgs({ options: { ...options, help }, allowPositionals: words });
    if (!read.values.help) return read;
  } catch (error) {
    console.error(`${basename(script)}: ${error.message}`);
    process.exit(2);
  }
  const [head] = readFileSync(script, 'utf8').split(/^(?!\/\/)/m);
  console.log(head.replaceAll(/^\/\/ ?/gm, '').trimEnd());
  process.exit();
}
