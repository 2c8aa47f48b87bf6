import type { Met, Rule } from './rule.ts';

const LAST_WINS = ['cmd', 'entrypoint', 'healthcheck'];

export const multipleInstructionsDisallowed: Rule = {
  name: 'MultipleInstructionsDisallowed',
  description: 'Multiple instructions of the same type should not be used in the same stage',
  *find({ met }) {
    const last = new Map<string, Met>();
    const key = ({ stage, instruction }: Met) => `${stage.stage.index} ${instruction.kind}`;
    for (const one of met) last.set(key(one), one);
    for (const one of met) {
      const { kind, range } = one.instruction;
      if (!LAST_WINS.includes(kind) || last.get(key(one)) === one) continue;
      yield {
        range,
        message: `Multiple ${kind.toUpperCase()} instructions should not be used in the same stage because only the last one will be used`,
      };
    }
  },
};
