import type { Rule } from './rule.ts';

export const fromPlatformFlagConstDisallowed: Rule = {
  name: 'FromPlatformFlagConstDisallowed',
  description: 'FROM --platform flag should not use a constant value',
  *find({ stages }) {
    for (const { stage, platform } of stages) {
      if (platform === undefined || stage.platform?.text.includes('$')) continue;
      // a stage named after its platform is one of several that a variable chooses from
      const [, architecture = ''] = platform.split('/');
      if (architecture !== '' && stage.name?.includes(architecture)) continue;
      yield {
        range: stage.range,
        message: `FROM --platform flag should not use constant value "${platform}"`,
      };
    }
  },
};
