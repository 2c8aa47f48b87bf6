import { readFileSync } from 'node:fs';
import { isTinyrunError, TinyrunError } from '../errors.ts';
import { readGone } from '../runtime/cgroup.ts';
import { pidColumn, psOutput } from '../runtime/ps.ts';
import { membersOf } from '../runtime/whereabouts.ts';
import { ownerName } from '../store/owner.ts';
import type { Roots } from '../store/paths.ts';
import { tell } from './events/tell.ts';
import { type Clock, type Process, parsePs, processRow, TITLES, type Top } from './processes.ts';
import { findRunning } from './running.ts';

/** The processes of a running container as the host sees them: as `ps -ef` shows them, or ps with options of one's own. */
export async function topContainer(roots: Roots, text: string, options: readonly string[]): Promise<Top> {
  const container = findRunning(roots, text);
  const pids = membersOf(container).sort((a, b) => a - b);
  tell(roots, container.record, 'top');
  if (options.length === 0 || (options.length === 1 && options[0] === '-ef')) return ownTable(pids);
  checkOptions(options);
  const output = await psOf(options, pids);
  return parsePs(output, new Set(pids), (fields) =>
    pidColumn(fields, "Couldn't find PID field in ps output"),
  );
}

/** Some options (f) do not go with a list of pids. */
async function psOf(options: readonly string[], pids: readonly number[]): Promise<string> {
  try {
    return await psOutput([...options, `-q${pids.join(',')}`]);
  } catch (error) {
    if (isTinyrunError(error, 'USAGE')) return await psOutput(options);
    throw error;
  }
}

/** The column of pids is found by its name: another may not be called so. Docker's refusal. */
function checkOptions(options: readonly string[]): void {
  for (const [given, name] of ` ${options.join(' ')}`.matchAll(/\s+(\S*)=\s*PID\S*/g))
    if (name !== 'pid') throw new TinyrunError('USAGE', `specifying "${given.trim()}" is not allowed`);
}

function ownTable(pids: readonly number[]): Top {
  const clock: Clock = {
    now: Date.now() / 1000,
    uptime: Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]),
  };
  const names = new Map<number, string>();
  const nameOf = (uid: number): string => {
    const name = names.get(uid) ?? (ownerName(uid) || String(uid));
    names.set(uid, name);
    return name;
  };
  const found = pids.flatMap((pid) => processOf(pid, nameOf) ?? []);
  return { titles: TITLES, processes: found.map((process) => processRow(process, clock)) };
}

/** Undefined for one that has ended meanwhile. */
function processOf(pid: number, nameOf: (uid: number) => string): Process | undefined {
  const read = (file: string): string => readGone(`/proc/${pid}/${file}`);
  const [stat, status] = [read('stat'), read('status')];
  const uid = /^Uid:\t\d+\t(\d+)/m.exec(status)?.[1];
  if (stat === '' || uid === undefined) return undefined;
  const cmdline = Buffer.from(read('cmdline'), 'latin1').toString('utf8');
  return { pid, stat, user: nameOf(Number(uid)), cmdline };
}
