import { rmSync } from 'node:fs';
import type { Attachment } from '../../network/types.ts';
import { writeFileAtomic } from '../../store/atomic.ts';
import { readIfExists } from '../../store/read.ts';

/**
 * What is being done to the networks of a container that runs: in its run directory from before anything is, until its record
 * tells of it. One that is found there is of somebody who was killed at it.
 */
export interface Intent {
  readonly what: 'joins' | 'leaves';
  /** Its id. */
  readonly network: string;
  /** Missing as long as there may be leases, and nothing else. */
  readonly attachment?: Attachment;
}

const fileOf = (run: string): string => `${run}/network-change`;

export const intend = (run: string, intent: Intent): void =>
  writeFileAtomic(fileOf(run), JSON.stringify(intent));

export const fulfilled = (run: string): void => rmSync(fileOf(run), { force: true });

export function intentIn(run: string): Intent | undefined {
  const text = readIfExists(fileOf(run));
  return text === undefined ? undefined : (JSON.parse(text) as Intent);
}
