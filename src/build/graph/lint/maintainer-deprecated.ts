import type { Rule } from './rule.ts';

export const maintainerDeprecated: Rule = {
  name: 'MaintainerDeprecated',
  description: 'The MAINTAINER instruction is deprecated, use a label instead to define an image author',
  *find({ met }) {
    for (const { instruction } of met)
      if (instruction.kind === 'maintainer')
        yield {
          range: instruction.range,
          message: 'Maintainer instruction is deprecated in favor of using label',
        };
  },
};
