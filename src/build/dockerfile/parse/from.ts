import { suggest } from '../../../store/suggest.ts';
import type { Stage } from '../instruction.ts';
import type { Reader } from './reader.ts';

const NAME = /^[a-z][a-z0-9-_.]*$/;

/** FROM, without the instructions that follow it. */
export function parseFrom(reader: Reader, index: number): Omit<Stage, 'body'> | undefined {
  reader.readFlags({ platform: 'word' });
  const [base, as, nameWord, ...more] = reader.plain();
  const platform = reader.flag('platform');
  const rest = { index, range: reader.line.range, line: reader.line, ...(platform && { platform }) };
  if (base === undefined || more.length > 0 || (as !== undefined && nameWord === undefined))
    return void reader.tell('FROM requires either one or three arguments', reader.whole);
  if (as === undefined || nameWord === undefined) return { ...rest, base };
  if (as.text.toUpperCase() !== 'AS') {
    const [near] = suggest(as.text.toUpperCase(), ['AS']);
    return void reader.tell('FROM requires either one or three arguments', as.range, near);
  }
  const name = nameWord.text.toLowerCase();
  if (!NAME.test(name))
    reader.tell(
      `invalid name for build stage: "${nameWord.text.slice(0, 64)}", name can't start with a number or contain symbols`,
      nameWord.range,
    );
  return { ...rest, base, as, nameWord, name };
}
