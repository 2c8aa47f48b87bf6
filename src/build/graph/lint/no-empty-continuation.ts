import type { Rule } from './rule.ts';

export const noEmptyContinuation: Rule = {
  name: 'NoEmptyContinuation',
  description: 'Empty continuation lines will become errors in a future release',
  *find({ file }) {
    for (const { range, emptyContinuation } of file.lines)
      if (emptyContinuation) yield { range, message: 'Empty continuation line' };
  },
};
