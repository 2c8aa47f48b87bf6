import { LISTENER } from './checks/listener.ts';
import { NAME } from './checks/name.ts';
import { NEIGHBOUR, ROUTE } from './checks/route.ts';
import { RULE } from './checks/rule.ts';
import type { Check, DiagnoseFacts, Finding, Question, Stage } from './facts.ts';

/** As a packet meets them. */
const CHECKS: Readonly<Record<Stage, readonly Check[]>> = {
  name: NAME,
  route: ROUTE,
  neighbour: NEIGHBOUR,
  rule: RULE,
  listener: LISTENER,
};

/** Everything that breaks, first what a packet would meet first; nothing: it would arrive. Pure. */
export function examine(facts: DiagnoseFacts, question: Question): Finding[] {
  // of what is nobody there is nothing else to say
  const isKnown = question.from.kind !== 'unknown' && question.to.kind !== 'unknown';
  const checks = isKnown ? Object.values(CHECKS).flat() : NAME;
  return checks.flatMap((check) => check(facts, question) ?? []);
}
