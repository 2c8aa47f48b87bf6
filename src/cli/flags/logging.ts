import type { Command as Program } from 'commander';
import type { LogConfig } from '../../engine/config/types.ts';
import { TinyrunError } from '../../errors.ts';
import { decimalBytesOf } from '../../store/words.ts';
import { collect } from '../options.ts';
import type { FlagGroup } from './group.ts';
import { parseInteger } from './parse/number.ts';
import { cut } from './parse/pairs.ts';

interface Flags {
  readonly logDriver?: string;
  readonly logOpt?: readonly string[];
}

/** What of its output is kept. */
export const logFlags: FlagGroup<Flags> = {
  define: (program: Program) =>
    void program
      .option('--log-driver <NAME>', 'json-file (the default) or none')
      .option('--log-opt <KEY=VALUE>', 'max-size=10m, max-file=3', collect),
  read: ({ logDriver, logOpt = [] }) => {
    if (logDriver === undefined && logOpt.length === 0) return {};
    const options = Object.assign({}, ...logOpt.map(parseOption));
    if (logDriver === 'none' && logOpt.length > 0)
      throw refused(logOpt[0] ?? '', 'the driver none has no options');
    // a driver that is none is the engine's to refuse
    return { log: { driver: logDriver ?? 'json-file', ...options } as LogConfig };
  },
  names: {
    'log.driver': '--log-driver %q',
    'log.bytes': '--log-opt %q',
    'log.files': '--log-opt %q',
  },
};

const refused = (given: string, problem: string) =>
  new TinyrunError('USAGE', `--log-opt ${JSON.stringify(given)}: ${problem}`, {
    hint: 'max-size=10m and max-file=3 are there',
  });

function parseOption(given: string): { bytes?: number; files?: number } {
  const [key, value = ''] = cut(given);
  if (key === 'max-file') return { files: parseInteger(value) };
  if (key !== 'max-size') throw refused(given, 'no such option of json-file');
  const bytes = value === '-1' ? -1 : decimalBytesOf(value);
  if (bytes === undefined) throw refused(given, 'not a size');
  return { bytes };
}
