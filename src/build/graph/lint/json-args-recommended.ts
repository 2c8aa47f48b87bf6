import type { Rule } from './rule.ts';

export const jsonArgsRecommended: Rule = {
  name: 'JSONArgsRecommended',
  description:
    'JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals',
  page: 'json-args-recommended',
  *find({ met }) {
    const withShell = new Set(
      met.filter(({ instruction }) => instruction.kind === 'shell').map(({ stage }) => stage),
    );
    for (const { instruction, stage } of met) {
      if (instruction.kind !== 'cmd' && instruction.kind !== 'entrypoint') continue;
      // who chose a shell wants one
      if (instruction.command.form !== 'shell' || withShell.has(stage)) continue;
      const name = instruction.kind.toUpperCase();
      yield {
        range: instruction.range,
        message: `JSON arguments recommended for ${name} to prevent unintended behavior related to OS signals`,
      };
    }
  },
};
