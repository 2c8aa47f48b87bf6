import { casingOf } from './consistent-instruction-casing.ts';
import type { Rule } from './rule.ts';

export const fromAsCasing: Rule = {
  name: 'FromAsCasing',
  description: "The 'as' keyword should match the case of the 'from' keyword",
  *find({ stages }) {
    for (const { stage } of stages) {
      const { as, line, range } = stage;
      const casing = casingOf(line.keyword);
      // a FROM of mixed case has another rule
      if (!as || casing === 'mixed' || casingOf(as.text) === casing) continue;
      yield { range, message: `'${as.text}' and '${line.keyword}' keywords' casing do not match` };
    }
  },
};
