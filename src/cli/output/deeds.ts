import type { Deed } from '../../engine/deeds/deed.ts';
import { rehearsal } from '../../engine/deeds/rehearsal.ts';
import { begin, finish } from '../../engine/deeds/session.ts';
import { witness } from '../../engine/deeds/witness.ts';
import { explainRow, hanging, type Look } from '../../plan/explain.ts';
import { toJson, visible } from '../../store/text.ts';
import type { Context } from '../command.ts';
import { look } from './screen.ts';
import { heads, traceRow } from './trace.ts';

interface How {
  readonly isRehearsal: boolean;
  readonly json: boolean;
  /** Plans are told by the verb itself. */
  readonly ownPlans: boolean;
}

/** From here on what the command does is told, as it is done or in place of that. */
export function lookOn(context: Context, how: How): void {
  if (how.isRehearsal) rehearse(context, how);
  else watch(context, how);
}

function rehearse(context: Context, { json }: How): void {
  const deeds: Deed[] = [];
  const session = rehearsal(context, (deed) => deeds.push(deed));
  const { draw } = context;
  Object.assign(context, { out: () => undefined });
  context.looking = {
    isRehearsal: true,
    say: (text) => (json ? undefined : draw(text)),
    end(isDone) {
      session.end();
      finish();
      if (deeds.length > 0 || isDone) draw(json ? `${deedsAsJson(deeds)}\n` : explainDeeds(deeds, look()));
    },
  };
  begin(session);
}

/** As `{ deeds: [{ number, by, syscall, why }] }`. */
export const deedsAsJson = (deeds: readonly Deed[]): string =>
  toJson({ deeds: deeds.map((deed, index) => ({ number: index + 1, ...deed })) }, 2);

/** A line for each deed, who does it and why, and how many there are. */
export function explainDeeds(deeds: readonly Deed[], look: Look = {}): string {
  const lines = deeds.map(({ by, syscall, why }, index) =>
    explainRow({ number: index + 1, lane: by, call: visible(syscall), why: visible(why) }, look),
  );
  return `${lines.map((line) => `${line}\n`).join('')}${hanging('', totalOf(deeds), look)}\n`;
}

const deedsIn = (count: number): string => `${count} ${count === 1 ? 'deed' : 'deeds'}`;

function totalOf(deeds: readonly Deed[]): string {
  const of = (by: Deed['by']) => deeds.filter((deed) => deed.by === by).length;
  const parts = [
    [of('command'), 'by this command'],
    [of('monitor'), 'by the monitor of the container'],
    [of('host') + of('container'), 'by plans'],
  ] as const;
  const named = parts.flatMap(([count, who]) => (count > 0 ? [`${count} ${who}`] : []));
  return `${deedsIn(deeds.length)}${named.length > 0 ? `: ${named.join(', ')}` : ''}`;
}

function watch(context: Context, { json, ownPlans }: How): void {
  const lookNow = { ...look(process.stderr), paint: undefined };
  let count = 0;
  let ns = 0;
  const onDeed = (deed: Deed): void => {
    ns += deed.ns ?? 0;
    if (count === 0 && !json) context.err(heads(lookNow));
    count++;
    // a plan that is told beside has numbers of its own
    const row = { ...(ownPlans ? {} : { number: count }), lane: deed.by, call: deed.syscall, ...deed };
    context.err(json ? `${toJson(deed)}\n` : traceRow(row, lookNow));
  };
  const session = witness(context, onDeed, { own: ownPlans });
  context.looking = {
    isRehearsal: false,
    say: context.err,
    end(isDone) {
      session.end();
      finish();
      if (!json && (count > 0 || isDone))
        context.err(`${hanging('', `${deedsIn(count)} in ${(ns / 1000).toFixed(1)} µs`, lookNow)}\n`);
    },
  };
  begin(session);
}
