import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Happening } from '../../../src/store/event-types.ts';
import { eventsPath, lineOf, partsOf, tellEvents } from '../../../src/store/events.ts';
import type { Roots } from '../../../src/store/paths.ts';

const ID = 'a'.repeat(64);
const DIED: Happening = {
  type: 'container',
  action: 'die',
  id: ID,
  from: 'an "image"',
  attributes: { exitCode: '1', image: 'an "image"', name: 'web', 'a"b': 'c\nd' },
};

let roots: Roots;
beforeEach(() => {
  const dir = mkdtempSync(path.join(tmpdir(), 'tinyrun-events-'));
  roots = { dataRoot: dir, runRoot: path.join(dir, 'run') };
});
afterEach(() => rmSync(roots.dataRoot, { recursive: true }));

const told = () =>
  readFileSync(eventsPath(roots), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('a line', () => {
  test('is Docker’s', () => {
    const actor = { ID, Attributes: DIED.attributes };
    expect(`${lineOf(DIED)}}`).toBe(
      JSON.stringify({
        status: 'die',
        id: ID,
        from: 'an "image"',
        Type: 'container',
        Action: 'die',
        Actor: actor,
        scope: 'local',
      }),
    );
    const { from: _, ...image } = DIED;
    expect(JSON.parse(`${lineOf({ ...image, type: 'image', action: 'untag' })}}`)).not.toHaveProperty('from');
    expect(JSON.parse(`${lineOf({ ...image, type: 'volume', action: 'mount' })}}`)).toEqual({
      Type: 'volume',
      Action: 'mount',
      Actor: actor,
      scope: 'local',
    });
  });

  test('put together by a monitor of its parts is the same', () => {
    const { exitCode: _, ...attributes } = DIED.attributes;
    const [before, actor, rest] = partsOf({ ...DIED, attributes });
    expect(`{"status":"die${before}die${actor}"exitCode":"1",${rest}`).toBe(lineOf(DIED));
  });
});

test('the run root is made, and what happened is told with its time', () => {
  const before = Date.now();
  tellEvents(roots, [DIED, { ...DIED, action: 'destroy' }]);
  const [died, destroyed] = told();
  expect([died.Action, destroyed.Action]).toEqual(['die', 'destroy']);
  // a double holds nanoseconds of today by 256
  expect(Math.round(died.timeNano / 1e6)).toBeGreaterThanOrEqual(before);
  expect(died.time).toBe(Math.floor(died.timeNano / 1e9));
});

test('what cannot be told is lost, and no failure', () => {
  writeFileSync(roots.runRoot, 'no directory');
  tellEvents(roots, [DIED]);
  expect(readFileSync(roots.runRoot, 'utf8')).toBe('no directory');
});
