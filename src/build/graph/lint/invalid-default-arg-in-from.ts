import type { Rule } from './rule.ts';

/** A name of an image, roughly: what it could not be with a piece missing. */
const IMAGE = /^[a-z0-9][\w.\-/:]*[\w](?:@sha256:[0-9a-f]{64})?$|^[a-z0-9]$/i;

export const invalidDefaultArgInFrom: Rule = {
  name: 'InvalidDefaultArgInFrom',
  description: 'Default value for global ARG results in an empty or invalid base image name',
  *find({ defaults, globals }) {
    for (const [stage, { text, unset }] of defaults) {
      const isDeclared = unset.length > 0 && unset.every(({ name }) => globals.declared.has(name));
      if (!isDeclared || IMAGE.test(text)) continue;
      yield {
        range: stage.range,
        message: `Default value for ARG ${stage.base.text} results in empty or invalid base image name`,
      };
    }
  },
};
