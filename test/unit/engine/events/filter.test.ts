import { expect, test } from 'vitest';
import { eventFilter } from '../../../../src/engine/events/filter.ts';
import type { EngineEvent } from '../../../../src/store/event-types.ts';

const event = (Type: string, Action: string, ID: string, Attributes: Record<string, string>): EngineEvent =>
  ({ Type, Action, Actor: { ID, Attributes }, scope: 'local', time: 1, timeNano: 1e9 }) as EngineEvent;

const START = event('container', 'start', 'abc123', { image: 'box:1', name: 'web', team: 'a' });
const EXEC = event('container', 'exec_create: ls -l', 'def456', { image: 'r:5000/box', name: 'db' });
const PULL = event('image', 'pull', 'box:1', { name: 'box' });
const VOLUME = event('volume', 'mount', 'data', { container: 'abc123', driver: 'local' });
const HEALTH = event('container', 'health_status: healthy', 'abc123', { image: 'box:1', name: 'web' });
const ALL = { START, EXEC, PULL, VOLUME, HEALTH };

test.each([
  [[], 'START EXEC PULL VOLUME HEALTH'],
  [['type=container'], 'START EXEC HEALTH'],
  [['type=image', 'type=volume'], 'PULL VOLUME'],
  [['event=start'], 'START'],
  [['event=start', 'event=pull'], 'START PULL'],
  [['event=exec_create'], 'EXEC'],
  [['event=exec_create: ls -l'], 'EXEC'],
  [['event=health_status'], 'HEALTH'],
  [['event=health_status: unhealthy'], ''],
  [['container=web'], 'START HEALTH'],
  [['container=abc'], 'START HEALTH'],
  [['container=web', 'container=db'], 'START EXEC HEALTH'],
  [['container=web', 'event=start'], 'START'],
  [['volume=data'], 'VOLUME'],
  [['volume=web'], ''],
  [['image=box'], 'START PULL HEALTH'],
  [['image=box:1'], 'START PULL HEALTH'],
  [['image=r:5000/box'], 'EXEC'],
  [['label=team'], 'START'],
  [['label=team=b'], ''],
  [['label=team=a', 'label=none'], ''],
  [['scope=swarm'], ''],
  [['daemon=x'], ''],
])('%j lets through %s', (filters, expected) => {
  const isWanted = eventFilter(filters);
  const names = Object.entries(ALL).flatMap(([name, one]) => (isWanted(one) ? [name] : []));
  expect(names.join(' ')).toBe(expected);
});

test('what is no filter is refused', () => {
  expect(() => eventFilter(['web'])).toThrow(/bad format of filter/);
  expect(() => eventFilter(['name=web'])).toThrow("invalid filter 'name'");
});
