import type { Rule } from './rule.ts';

const RESERVED = ['context', 'scratch'];

export const reservedStageName: Rule = {
  name: 'ReservedStageName',
  description: 'Reserved words should not be used as stage names',
  *find({ stages }) {
    for (const { stage } of stages)
      if (stage.name !== undefined && RESERVED.includes(stage.name))
        yield {
          range: stage.range,
          message: `Stage name should not use the same name as reserved stage "${stage.name}"`,
        };
  },
};
