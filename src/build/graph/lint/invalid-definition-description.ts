import type { Line } from '../../dockerfile/lines.ts';
import type { Found, Rule } from './rule.ts';

/** A comment straight above that does not begin with the name of what it is about. */
function* wrong(line: Line, what: string, name: string): Generator<Found> {
  const last = line.comment.at(-1);
  if (last === undefined || last.split(/\s/)[0] === name) return;
  yield {
    range: line.range,
    message: `Comment for ${what} should follow the format: \`# ${name} <description>\``,
  };
}

export const invalidDefinitionDescription: Rule = {
  name: 'InvalidDefinitionDescription',
  description:
    'Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.',
  experimental: true,
  *find({ stages, file, met }) {
    for (const { stage } of stages)
      if (stage.name !== undefined) yield* wrong(stage.line, 'build stage', stage.name);
    for (const instruction of [...file.globals, ...met.map((one) => one.instruction)])
      if (instruction.kind === 'arg' && instruction.args[0])
        yield* wrong(instruction.line, 'build argument', instruction.args[0].name.text);
  },
};
