import type { Rule } from './rule.ts';

/** Parts of names, between underscores, of what is to be kept secret, and of what is to be seen by all. */
const SECRET = /(?:^|_)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)/i;
const PUBLIC = /(?:^|_)(?:public|file|hash|version)(?:_|$)/i;

export const secretsUsedInArgOrEnv: Rule = {
  name: 'SecretsUsedInArgOrEnv',
  description: 'Sensitive data should not be used in the ARG or ENV commands',
  *find({ met, file }) {
    for (const instruction of [...file.globals, ...met.map((one) => one.instruction)]) {
      const names =
        instruction.kind === 'env'
          ? instruction.pairs.map(({ name }) => name.text)
          : instruction.kind === 'arg'
            ? instruction.args.map(({ name }) => name.text)
            : [];
      for (const name of names)
        if (SECRET.test(name) && !PUBLIC.test(name))
          yield {
            range: instruction.range,
            message: `Do not use ARG or ENV instructions for sensitive data (${instruction.kind.toUpperCase()} "${name}")`,
          };
    }
  },
};
