import type { Rule } from './rule.ts';

export const casingOf = (word: string): 'lowercase' | 'uppercase' | 'mixed' => {
  if (word === word.toLowerCase()) return 'lowercase';
  return word === word.toUpperCase() ? 'uppercase' : 'mixed';
};

export const consistentInstructionCasing: Rule = {
  name: 'ConsistentInstructionCasing',
  description: 'All commands within the Dockerfile should use the same casing (either upper or lower)',
  *find({ file }) {
    const casings = file.lines.map(({ keyword }) => casingOf(keyword));
    const count = (casing: string) => casings.filter((one) => one === casing).length;
    const majority = count('lowercase') > count('uppercase') ? 'lowercase' : 'uppercase';
    for (const [at, { keyword, range }] of file.lines.entries())
      if (casings[at] !== majority)
        yield {
          range,
          message: `Command '${keyword}' should match the case of the command majority (${majority})`,
        };
  },
};
