import { TinyrunError } from '../../../errors.ts';
import { signalNumber } from '../../../spec/linux.ts';

/** A signal by name or number; '' is what it is without. */
export function parseStopSignal(text: string): { signal: number } | undefined {
  if (text === '') return undefined;
  const signal = signalNumber(text);
  if (signal !== undefined) return { signal };
  throw new TinyrunError('USAGE', `--stop-signal ${JSON.stringify(text)}: unknown signal`, {
    hint: 'kill -l lists the names; numbers go from 1 to 64',
  });
}
