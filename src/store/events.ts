import { closeSync, constants, fstatSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { errnoOf } from '../errors.ts';
import type { Happening } from './event-types.ts';
import { tryLock } from './lock.ts';
import { ensureDir, type Roots } from './paths.ts';

// What happened here: one file of the run root, a line of JSON for each event, appended by whoever changes something (and by
// monitors, native/init/event.h). A line is one write(2) with O_APPEND: those who write at the same time never mix, and wait
// for nobody. A file that has its size is renamed by who has just written to it, one at a time; one that writes meanwhile
// writes to the renamed file, which is read as well.

export const eventsPath = ({ runRoot }: Roots): string => `${runRoot}/events.log`;

/** Of one file: a few thousand events. */
const LARGEST = 1 << 20;
/** Of files, with the one that is written to. */
const MOST = 4;

/** All of an event's line but its time: without the closing brace. */
export function lineOf({ type, action, id, attributes, from }: Happening): string {
  const head =
    type === 'volume' || type === 'network'
      ? {}
      : { status: action, id, ...(from === undefined ? {} : { from }) };
  const event = {
    ...head,
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: 'local',
  };
  return JSON.stringify(event).slice(0, -1);
}

/** The line around what happens to a container, twice, and around the first of its attributes: for its monitor. */
export function partsOf({
  id,
  from,
  attributes,
}: Pick<Happening, 'id' | 'from' | 'attributes'>): [string, string, string] {
  return [
    `","id":"${id}","from":${JSON.stringify(from)},"Type":"container","Action":"`,
    `","Actor":{"ID":"${id}","Attributes":{`,
    attributesPart(attributes),
  ];
}

/** The last of those parts: what a rename changes of it. */
export const attributesPart = (attributes: Happening['attributes']): string =>
  `${JSON.stringify(attributes).slice(1)}},"scope":"local"`;

/**
 * Tells what has just happened, in that order. What cannot be told (no room) is lost: that it happened is no failure of
 * whoever did it.
 */
export function tellEvents(roots: Roots, happened: readonly Happening[]): void {
  if (happened.length === 0) return;
  const now = Date.now();
  const time = `,"time":${Math.floor(now / 1000)},"timeNano":${now}000000}\n`;
  try {
    append(roots, happened.map((one) => lineOf(one) + time).join(''));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

function append(roots: Roots, lines: string): void {
  const path = eventsPath(roots);
  const fd = openToAppend(path, roots);
  try {
    writeSync(fd, lines);
    if (fstatSync(fd).size < LARGEST) return;
  } finally {
    closeSync(fd);
  }
  rotate(path);
}

function openToAppend(path: string, roots: Roots): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  const open = () => openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    return open();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    ensureDir(roots.runRoot);
    return open();
  }
}

/** Whoever finds another at it leaves it to them. */
function rotate(path: string): void {
  const lock = tryLock(`${path}.lock`);
  if (lock === undefined) return;
  try {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) < LARGEST) return;
    for (let age = MOST - 1; age > 0; age--)
      renameIfThere(age === 1 ? path : `${path}.${age - 1}`, `${path}.${age}`);
  } finally {
    lock.release();
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
