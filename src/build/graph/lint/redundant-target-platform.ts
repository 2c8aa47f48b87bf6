import type { Rule } from './rule.ts';

export const redundantTargetPlatform: Rule = {
  name: 'RedundantTargetPlatform',
  description:
    'Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
  *find({ stages }) {
    for (const { stage } of stages) {
      const written = stage.platform?.text ?? '';
      if (!/^"?\$(?:TARGETPLATFORM|\{TARGETPLATFORM\})"?$/.test(written)) continue;
      yield {
        range: stage.range,
        message: `Setting platform to predefined ${written} in FROM is redundant as this is the default behavior`,
      };
    }
  },
};
