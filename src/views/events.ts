import type { EngineEvent, Occurrence } from '../engine/events/events.ts';
import { visible } from '../store/text.ts';

/** A line as Docker prints it, by the clock of this host; what an image calls its labels is no line of its own. */
export function eventLine({ event, at }: Occurrence): string {
  const { Type, Action, Actor } = event;
  const attributes = Object.entries(Actor.Attributes).map(([key, value]) => `${key}=${value}`);
  const more = attributes.length > 0 ? ` (${attributes.join(', ')})` : '';
  return visible(`${localTime(at)} ${Type} ${Action} ${Actor.ID}${more}`).replaceAll('\n', '\\n');
}

function localTime(at: string): string {
  const time = Date.parse(`${at.slice(0, 19)}Z`);
  const minutes = -new Date(time).getTimezoneOffset();
  const local = new Date(time + minutes * 60_000).toISOString().slice(0, 19);
  return `${local}${at.slice(19, 29)}${zoneOf(minutes)}`;
}

function zoneOf(minutes: number): string {
  if (minutes === 0) return 'Z';
  const digits = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${digits(size / 60)}:${digits(size % 60)}`;
}

/** Members as Docker's templates know them. */
export function eventMembers(event: EngineEvent): Readonly<Record<string, unknown>> {
  const { status = '', id = '', from = '', Type, Action, Actor, scope, time, timeNano } = event;
  return {
    Status: status,
    ID: id,
    From: from,
    Type,
    Action,
    Actor,
    Scope: scope,
    Time: time,
    TimeNano: timeNano,
  };
}
