import type { Rule } from './rule.ts';

export const exposeProtoCasing: Rule = {
  name: 'ExposeProtoCasing',
  description: 'Protocol in EXPOSE instruction should be lowercase',
  *find({ met }) {
    for (const { instruction, words } of met) {
      if (instruction.kind !== 'expose') continue;
      for (const port of words.flatMap(({ expanded }) => expanded.fields)) {
        const [, protocol = ''] = port.split('/');
        if (protocol !== protocol.toLowerCase())
          yield {
            range: instruction.range,
            message: `Defined protocol '${port}' in EXPOSE instruction should be lowercase`,
          };
      }
    }
  },
};
