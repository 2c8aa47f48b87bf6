import type { Resolved } from '../stages.ts';
import type { Rule } from './rule.ts';

export const workdirRelativePath: Rule = {
  name: 'WorkdirRelativePath',
  description:
    'Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes',
  *find({ met }) {
    const absolute = new Set<Resolved>();
    const isKnown = (stage: Resolved): boolean => {
      for (let one: Resolved | undefined = stage; one; one = one.parent) if (absolute.has(one)) return true;
      return false;
    };
    for (const { instruction, stage, words } of met) {
      if (instruction.kind !== 'workdir') continue;
      const path = words[0]?.expanded.text ?? '';
      if (path.startsWith('/')) absolute.add(stage);
      else if (!isKnown(stage) && stage.image !== 'scratch')
        yield {
          range: instruction.range,
          message: `Relative workdir ${JSON.stringify(path)} can have unexpected results if the base image changes`,
        };
    }
  },
};
