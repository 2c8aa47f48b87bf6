import { CORE_SCHEMA, defineScalarTag, intCoreTag, load, mergeTag, YAMLException } from 'js-yaml';

// Loaded where a vendor's file is YAML, and for nobody else.

/** `0660` is octal to those who write and read such files (Go's reader); YAML 1.2 would have 660. */
const octal = defineScalarTag<number>(intCoreTag.tagName, {
  implicit: true,
  resolve: (source, isExplicit, tagName) =>
    /^0[0-7]+$/.test(source) ? Number.parseInt(source, 8) : intCoreTag.resolve(source, isExplicit, tagName),
  identify: () => false,
});
const SCHEMA = CORE_SCHEMA.withTags(octal, mergeTag);

/** A file of many devices is a list of some hundred lines. */
const MOST = { depth: 20, aliases: 1000, values: 100_000 };

export class YamlError extends Error {
  readonly line: number | undefined;

  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }
}

/** The value of a document, as JSON would have it. @throws YamlError */
export function parseYaml(text: string): unknown {
  const value = loaded(text);
  // what is named once and used often is there often: a few lines can stand for more than any memory holds
  let left = MOST.values;
  const copy = (from: unknown, depth: number): unknown => {
    if (--left < 0) throw new YamlError(`more than ${MOST.values} values, with what its aliases stand for`);
    if (depth > MOST.depth) throw new YamlError(`nested more than ${MOST.depth} deep`);
    if (Array.isArray(from)) return from.map((one) => copy(one, depth + 1));
    if (typeof from !== 'object' || from === null) return from;
    return Object.fromEntries(Object.entries(from).map(([name, one]) => [name, copy(one, depth + 1)]));
  };
  return copy(value, 0);
}

function loaded(text: string): unknown {
  try {
    return load(text, { schema: SCHEMA, maxDepth: MOST.depth, maxAliases: MOST.aliases });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new YamlError(error.reason, error.mark && error.mark.line + 1);
  }
}
