import type { Rule } from './rule.ts';

export const exposeInvalidFormat: Rule = {
  name: 'ExposeInvalidFormat',
  description:
    'IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release',
  *find({ met }) {
    for (const { instruction, words } of met) {
      if (instruction.kind !== 'expose') continue;
      for (const port of words.flatMap(({ expanded }) => expanded.fields))
        if (port.includes(':'))
          yield {
            range: instruction.range,
            message: `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`,
          };
    }
  },
};
