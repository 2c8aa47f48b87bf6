import { readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { errnoOf, TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import type { Outcome } from '../native/types.ts';
import { decode } from '../plan/decode.ts';
import { encode } from '../plan/encode.ts';
import type { Plan, Step, UndoOp } from '../plan/types.ts';
import { GONE, isUndo, undoSteps } from '../plan/undo.ts';
import { join } from '../store/join.ts';
import { errnoMessage } from './failure.ts';

/** What takes a container back, one entry a plan. */
export interface Journal {
  /** Writes the undo list of a plan that is about to run. */
  begin(name: string, plan: Plan): void;
  /** These undo steps are in no entry any more: what they would take back is to be somebody else's. */
  forget(steps: readonly Step[]): void;
  /** Takes back one entry, for what was added to a container and is removed again, or failed. @throws TinyrunError CLEANUP */
  undo(name: string): void;
  /**
   * Takes back all entries, last first; idempotent. Those that could not be taken back are kept for the next try.
   * @throws TinyrunError CLEANUP naming the first of them
   */
  undoAll(): void;
}

/** The journal of a directory that others may have written to. */
export const openJournal = (dir: string): Journal => new DirectoryJournal(dir);

/** That of a directory which its holder has just made: nobody looks for entries in it. */
export const newJournal = (dir: string): Journal => new DirectoryJournal(dir, 0);

interface Entry {
  readonly file: string;
  readonly number: number;
  /** Undefined for what no version of ours has written. */
  readonly name: string | undefined;
}

/** Entries lie in the container's directory itself: one of their own would be made and removed at each start. */
const PREFIX = 'journal';
const NAME = /^journal\.(\d{2,})-(.+)$/;

function entryOf(file: string): Entry {
  // the only one of earlier versions: the list of the plan that made the container
  if (file === PREFIX) return { file, number: 0, name: '' };
  const [, number, name] = NAME.exec(file) ?? [];
  return { file, number: Number(number ?? Number.POSITIVE_INFINITY), name };
}

class DirectoryJournal implements Journal {
  readonly #dir: string;
  /** Number of the last entry, where that is known. */
  #last: number | undefined;
  /** What this process has written need not be read. */
  readonly #written = new Map<string, readonly Step[]>();

  constructor(dir: string, last?: number) {
    this.#dir = dir;
    this.#last = last;
  }

  // No fsync: what the list takes back (mounts, cgroups, processes) does not survive a power cut either.
  begin(name: string, plan: Plan): void {
    const steps = undoSteps(plan);
    if (steps.length === 0) return;
    const number = (this.#last ?? this.#highest()) + 1;
    const file = `${PREFIX}.${String(number).padStart(2, '0')}-${name}`;
    if (!NAME.test(file) || name.includes('/')) throw new RangeError(`${file}: no name of an entry`);
    writeWhole(this.#dir, file, encode({ steps }));
    this.#written.set(file, steps);
    if (this.#last !== undefined) this.#last = number;
  }

  forget(steps: readonly Step[]): void {
    const gone = new Set(steps.map(wordOf));
    for (const entry of this.#entries()) {
      const known = this.#written.get(entry.file) ?? readEntry(this.#dir, entry);
      const left = known.filter((step) => !gone.has(wordOf(step)));
      if (left.length === known.length) continue;
      if (left.length > 0) writeWhole(this.#dir, entry.file, encode({ steps: left }));
      else unlinkIfThere(join(this.#dir, entry.file));
      this.#written.set(entry.file, left);
    }
  }

  undo(name: string): void {
    this.#takeBack(this.#entries().filter((entry) => entry.name === name));
  }

  undoAll(): void {
    this.#takeBack(this.#entries());
  }

  /** Last first. */
  #entries(): Entry[] {
    const files = namesIn(this.#dir).filter((name) => name.startsWith(PREFIX));
    return files.map(entryOf).sort((a, b) => b.number - a.number);
  }

  #highest(): number {
    return this.#entries().find(({ number }) => Number.isFinite(number))?.number ?? 0;
  }

  /** One that fails does not keep the others back: what it holds may end with theirs. */
  #takeBack(entries: readonly Entry[]): void {
    let first: unknown;
    for (const entry of entries) {
      try {
        runUndo(this.#dir, this.#written.get(entry.file) ?? readEntry(this.#dir, entry));
        unlinkIfThere(join(this.#dir, entry.file));
        this.#written.delete(entry.file);
      } catch (error) {
        first ??= error;
      }
    }
    if (first !== undefined) throw first;
  }
}

/** Equal for steps that do the same. */
const wordOf = (step: Step): string => Buffer.from(encode({ steps: [step] })).toString('latin1');

/** Under its name from the first moment that it can be seen, so that an entry is whole or not there. */
function writeWhole(dir: string, file: string, bytes: Uint8Array): void {
  const temporary = join(dir, `.${PREFIX}-${process.pid}`);
  try {
    writeFileSync(temporary, bytes, { mode: 0o600 });
    renameSync(temporary, join(dir, file));
  } catch (error) {
    unlinkIfThere(temporary);
    throw error;
  }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** The steps of an entry, if it is one: a damaged list is told, not tried. */
function readEntry(dir: string, { file, name }: Entry): readonly Step[] {
  const path = join(dir, file);
  try {
    if (name === undefined) throw new TinyrunError('PLAN_DAMAGED', 'this is no name of an entry');
    const steps = decode(readFileSync(path)).map((step) => ({ ...step, why: '' }) as Step);
    const odd = steps.find((step) => !isUndo(step));
    if (odd !== undefined) throw new TinyrunError('PLAN_DAMAGED', `${odd.op} takes nothing back`);
    return steps;
  } catch (cause) {
    throw new TinyrunError('CLEANUP', `read ${path}: ${(cause as Error).message}`, {
      cause,
      hint: 'it says what is left of the container and cannot be read: see to that by hand, then remove the file',
    });
  }
}

/** @throws TinyrunError CLEANUP also where nothing can be run, for want of file descriptors */
function outcomeOf(dir: string, steps: readonly Step[]): Outcome {
  try {
    const machine = native().machine(encode({ steps }), { trace: true });
    const outcome = machine.runSync();
    machine.close();
    return outcome;
  } catch (cause) {
    throw new TinyrunError('CLEANUP', `clean up ${dir}: ${(cause as Error).message}`, { cause });
  }
}

function runUndo(dir: string, steps: readonly Step[]): void {
  const outcome = outcomeOf(dir, steps);
  const left = outcome.results.find(
    ({ step, errno, code }) => errno !== 0 && !GONE[steps[step]?.op as UndoOp]?.includes(code ?? ''),
  );
  const failure = outcome.state === 'failed' ? outcome.failure : left;
  if (failure === undefined) return;
  const { syscall, path, errno } = failure;
  throw new TinyrunError('CLEANUP', `clean up ${dir}: ${syscall} ${path}: ${errnoMessage(errno)}`);
}

/** The names in a directory; none when it is not there. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
