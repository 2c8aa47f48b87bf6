import type { Rule } from './rule.ts';

export const duplicateStageName: Rule = {
  name: 'DuplicateStageName',
  description: 'Stage names should be unique',
  *find({ stages }) {
    const seen = new Set<string>();
    for (const { stage } of stages) {
      if (stage.name === undefined) continue;
      if (seen.has(stage.name))
        yield {
          range: stage.range,
          message: `Duplicate stage name "${stage.name}", stage names should be unique`,
        };
      seen.add(stage.name);
    }
  },
};
