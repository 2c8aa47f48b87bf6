import { calls } from '../../plan/calls/format.ts';
import type { Lane } from '../../plan/types.ts';
import { inRoot } from './tellings.ts';

/** One thing that a verb does to the system, or would do. */
export interface Deed {
  /** Who does it: this process, the monitor of a container, or a lane of a plan. */
  readonly by: 'command' | 'monitor' | Lane;
  /** What the kernel is asked for, as the man pages write it. */
  readonly syscall: string;
  readonly why: string;
  /** Of one that was done: how long it took. */
  readonly ns?: number;
  /** The name of errno, where it failed. */
  readonly code?: string;
}

/** One as it is told. `file`: what was written to; `from`: what was renamed to that. */
export interface Told extends Deed {
  readonly file?: string;
  readonly from?: string;
}

const TEMPORARY = /\/\.(?:tmp-|journal-)[^/]*$/;
/** What nobody can know before, nor need know. */
const RANDOM = /\.tmp-[0-9a-f]{24}/g;

/**
 * Makes one of what belongs together: a file opened, written and closed, a temporary one that is renamed to what it is for, the
 * same again and again. Each is passed on when the next is another.
 */
export class Teller {
  #held: Told | undefined;
  constructor(readonly onDeed: (deed: Deed) => void) {}

  tell(next: Told): void {
    const held = this.#held;
    const joined = held && held.by === next.by && held.code === undefined ? join(held, next) : undefined;
    if (joined === undefined) this.flush();
    this.#held = joined ?? next;
  }

  flush(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) return;
    const { file: _, from: __, ...deed } = held;
    this.onDeed({ ...deed, syscall: inRoot(deed.syscall.replaceAll(RANDOM, '.tmp-XXXXXX')) });
  }
}

function join(held: Told, next: Told): Told | undefined {
  if (held.syscall.endsWith(next.syscall) && held.file === next.file) return timed(held, next, held.syscall);
  // what is opened anew is another matter
  if (held.file === undefined || next.syscall.startsWith('open(')) return undefined;
  if (next.from === held.file && TEMPORARY.test(held.file)) {
    const quoted = JSON.stringify(held.file);
    const syscall = calls(held.syscall, next.syscall).replaceAll(quoted, 'temporary');
    return { ...timed(held, next, syscall), file: next.file ?? '', why: next.why };
  }
  return next.file === held.file && next.from === undefined
    ? timed(held, next, calls(held.syscall, next.syscall))
    : undefined;
}

function timed(held: Told, { ns, code }: Told, syscall: string): Told {
  return {
    ...held,
    syscall,
    ...(held.ns === undefined ? {} : { ns: held.ns + (ns ?? 0) }),
    ...(code === undefined ? {} : { code }),
  };
}
