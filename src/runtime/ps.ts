import { TinyrunError } from '../errors.ts';

/** What ps(1) of the host prints with these options. @throws TinyrunError UNSUPPORTED where there is none, USAGE for its own refusal */
export async function psOutput(options: readonly string[]): Promise<string> {
  const { spawnSync } = await import('node:child_process');
  const { error, status, stdout, stderr } = spawnSync('ps', options, { encoding: 'utf8' });
  if (error !== undefined)
    throw new TinyrunError('UNSUPPORTED', `ps ${options.join(' ')}: ${error.message}`, {
      hint: 'this table needs ps(1) on the host',
    });
  if (status !== 0) {
    const why = stderr.trim().split('\n')[0] || `it ended with ${status}`;
    throw new TinyrunError('USAGE', `ps ${options.join(' ')}: ${why}`, {
      hint: 'ps --help all lists its options',
    });
  }
  return stdout;
}

/** Where the PID is in the lines of ps, by their fields. @throws TinyrunError USAGE, in Docker's and runc's words */
export function pidColumn(fields: readonly string[], words: string): number {
  const column = fields.indexOf('PID');
  if (column >= 0) return column;
  throw new TinyrunError('USAGE', words, {
    hint: 'the options given to ps must make it print the PID column',
  });
}
