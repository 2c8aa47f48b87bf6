import { suggest } from '../../../store/suggest.ts';
import type { Rule } from './rule.ts';

export const undefinedArgInFrom: Rule = {
  name: 'UndefinedArgInFrom',
  description: 'FROM command must use declared ARGs',
  *find({ froms, globals }) {
    for (const { stage, expanded } of froms)
      for (const { name } of expanded.unset) {
        if (globals.declared.has(name)) continue;
        const [near] = suggest(name, globals.declared);
        yield {
          range: stage.range,
          message: `FROM argument '${name}' is not declared`,
          suggestion: near,
        };
      }
  },
};
