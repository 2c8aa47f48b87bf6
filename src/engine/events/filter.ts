import { hasLabel, parseFilters } from '../../image/filter.ts';
import type { EngineEvent } from '../../store/event-types.ts';

type Test = (event: EngineEvent) => boolean;

/** Kinds of what Docker tells of, by the filters that name one of them: what is not there yet has no events. */
const KINDS = ['config', 'container', 'daemon', 'network', 'node', 'plugin', 'secret', 'service', 'volume'];

export const EVENT_FILTERS = [...KINDS, 'event', 'image', 'label', 'scope', 'type'];

/** Of these what follows a colon need not be named. */
const LONG = ['health_status', 'exec_create', 'exec_start'];

/**
 * `--filter` of `events`, as Docker reads it: values of one key are alternatives, but for labels.
 * @throws TinyrunError for one that cannot be
 */
export function eventFilter(given: readonly string[]): Test {
  const tests = [...parseFilters(given, EVENT_FILTERS)].map(([key, values]) => testOf(key, values));
  return (event) => tests.every((test) => test(event));
}

function testOf(key: string, values: readonly string[]): Test {
  if (key === 'type') return ({ Type }) => values.includes(Type);
  if (key === 'scope') return ({ scope }) => values.includes(scope);
  if (key === 'event') return ({ Action }) => actions(values)(Action);
  if (key === 'label') return ({ Actor }) => values.every((label) => hasLabel(Actor.Attributes, label));
  if (key === 'image') return (event) => imageNames(event).some((name) => values.includes(name));
  const isMeant = (name = '') => values.some((value) => name.startsWith(value));
  return ({ Type, Actor }) => Type === key && (isMeant(Actor.ID) || isMeant(Actor.Attributes.name));
}

function actions(values: readonly string[]): (action: string) => boolean {
  if (!values.some((value) => LONG.includes(value))) return (action) => values.includes(action);
  return (action) => values.some((value) => action.startsWith(value));
}

/** With their tags, and without. */
function imageNames({ Type, Actor }: EngineEvent): string[] {
  const { image = '', name = '' } = Actor.Attributes;
  return [Actor.ID, Type === 'image' ? name : image].flatMap((text) => [text, text.replace(/:[^:/]*$/, '')]);
}
