import type { Rule } from './rule.ts';

export const stageNameCasing: Rule = {
  name: 'StageNameCasing',
  description: 'Stage names should be lowercase',
  *find({ stages }) {
    for (const { stage } of stages)
      if (stage.nameWord && stage.nameWord.text !== stage.name)
        yield { range: stage.range, message: `Stage name '${stage.nameWord.text}' should be lowercase` };
  },
};
