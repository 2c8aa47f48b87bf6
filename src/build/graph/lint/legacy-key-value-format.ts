import type { Rule } from './rule.ts';

export const legacyKeyValueFormat: Rule = {
  name: 'LegacyKeyValueFormat',
  description: 'Legacy key/value format with whitespace separator should not be used',
  *find({ met }) {
    for (const { instruction } of met) {
      if ((instruction.kind !== 'env' && instruction.kind !== 'label') || !instruction.legacy) continue;
      const name = instruction.kind.toUpperCase();
      yield {
        range: instruction.range,
        message: `"${name} key=value" should be used instead of legacy "${name} key value" format`,
      };
    }
  },
};
