import { readSync } from 'node:fs';
import { native } from '../../native/index.ts';
import type { Context } from '../command.ts';

/** A line of standard input without its end; '' at its end of file. Reads byte by byte, so as to take no more. */
export function readLine(): string {
  const byte = Buffer.alloc(1);
  const bytes: number[] = [];
  while (readSync(0, byte, 0, 1, null) === 1 && byte[0] !== 0x0a) bytes.push(byte[0] ?? 0);
  return Buffer.from(bytes).toString('utf8').replace(/\r$/, '');
}

/** Asks a question that only `y` answers with yes, as Docker does. */
export async function confirm(question: string, context: Context): Promise<boolean> {
  context.out(question);
  return /^y(?:es)?$/i.test(readLine().trim());
}

/** A line typed without being shown. */
export async function readSecret(prompt: string, context: Context): Promise<string> {
  context.err(prompt);
  if (!native().isatty(0)) return readLine();
  const { spawnSync } = await import('node:child_process');
  spawnSync('stty', ['-echo'], { stdio: 'inherit' });
  try {
    return readLine();
  } finally {
    spawnSync('stty', ['echo'], { stdio: 'inherit' });
    context.err('\n');
  }
}
