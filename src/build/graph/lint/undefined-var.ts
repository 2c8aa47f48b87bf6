import { distance, suggest } from '../../../store/suggest.ts';
import { PREDEFINED } from '../scope.ts';
import type { Rule } from './rule.ts';

/** Images set these, and what they set is not known before one is there. */
const OF_IMAGES = new Set(['PATH']);

/** With how many names one is compared: more are nobody's own. */
const MOST_COMPARED = 64;

export const undefinedVar: Rule = {
  name: 'UndefinedVar',
  description: 'Variables should be defined before their use',
  *find({ met, knows }) {
    for (const { instruction, scope, stage, words } of met) {
      // of an image that is not stored here nobody knows the variables, so that only what is a letter off is told
      const isKnown = knows(stage);
      for (const { expanded } of words)
        for (const { name } of expanded.unset) {
          if (scope.declared.has(name) || PREDEFINED.has(name) || OF_IMAGES.has(name)) continue;
          const [near] = suggest(name, [...scope.env.keys(), ...scope.declared].slice(0, MOST_COMPARED));
          if (!isKnown && (near === undefined || distance(name, near) > 1)) continue;
          yield {
            range: instruction.range,
            message: `Usage of undefined variable '$${name}'`,
            suggestion: near && `$${near}`,
          };
        }
    }
  },
};
