import type { ExecConfig } from '../engine/config/types.ts';
import { execContainer } from '../engine/exec/exec.ts';
import type { Roots } from '../store/paths.ts';
import { begin, type Ended, type Under } from './begin.ts';
import type { Parts } from './running.ts';
import type { ExecResult, ProcessOptions } from './types.ts';

/** What a further program of a container is asked to be, and how it is run. */
export interface AskedExec {
  readonly roots: Roots;
  readonly id: string;
  readonly config: ExecConfig;
  readonly options: ProcessOptions;
  readonly keep: boolean;
}

/** @throws ConfigError for options that cannot be; all else is the result's */
export function beginExec({ roots, id, config, options, keep }: AskedExec): Parts<ExecResult> {
  const name = config.args?.[0] ?? 'exec';
  const live = async ({ control, openStdin = config.openStdin }: Under): Promise<Ended> => {
    const asked = openStdin === config.openStdin ? config : { ...config, openStdin };
    return await execContainer(roots, id, asked, control, {});
  };
  return begin({ id, name, config, options, keep, output: 'pipe', isFurther: true, live });
}

/** A program by its arguments alone, or all of what it is to be. */
export const execConfig = (asked: ExecConfig | readonly string[]): ExecConfig =>
  'args' in asked ? asked : { args: asked };
