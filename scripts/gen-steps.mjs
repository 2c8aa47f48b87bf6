// Writes src/plan/steps.gen.ts from native/steps.def and src/runtime/monitor/messages.gen.ts from native/monitor.def.
// From the former, too, a plan with every step, which the decoder's fuzzer starts from. `--check` exits 1 when a file on disk differs.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMain, readArguments } from './lib/usage.mjs';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const kinds = {
  U32: 'number',
  I32: 'number',
  SLOT: 'number',
  U64: 'bigint',
  I64: 'bigint',
  STR: 'string',
  BYTES: 'Uint8Array',
  STRS: 'readonly string[]',
  U32S: 'readonly number[]',
};

/** The rows of a .def file that `pattern` finds: what it matched, its fields, the comment above. */
function parse(text, pattern, known) {
  const rows = [];
  let comment = [];
  for (const line of text.split('\n')) {
    const match = pattern.exec(line);
    if (match) {
      const [, name, ...rest] = match;
      const fields = [...rest.pop().matchAll(/(\w+)\((\w+)\)/g)].map(([, kind, field]) => ({
        kind,
        name: field,
      }));
      for (const f of fields) if (!known[f.kind]) throw new Error(`${name}: unknown field kind ${f.kind}`);
      rows.push({ name, rest, fields, doc: comment });
      comment = [];
    } else if (line.startsWith('// ') && !line.startsWith('// ----')) comment.push(line.slice(3));
    else if (/^(STEP|MESSAGE)/.test(line)) throw new Error(`a row must stand on one line: ${line}`);
    else comment = [];
  }
  return rows;
}

const STEP = /^STEP\((\w+), (HOST|CONTAINER|BOTH)\)(.*)END$/;
const MESSAGE = /^MESSAGE\((\w+), (\d+), (TO|FROM)\)(.*)END$/;
const messageKinds = { ...kinds, RAW: 'Uint8Array' };

const FLAG = /^FLAG\((\w+), (\w+), (\d+)\) +\/\/ (.*)$/;

/** The bits of each step that has some: `[step, [[flag, bit, what it means]]]`. */
function flagsOf(text, steps) {
  const bits = new Map();
  for (const line of text.split('\n').filter((line) => line.startsWith('FLAG('))) {
    const [, step, flag, bit, doc] = FLAG.exec(line) ?? [];
    if (!steps.some(({ name }) => name === step)) throw new Error(`a flag of no step: ${line}`);
    bits.set(step, [...(bits.get(step) ?? []), [flag, bit, doc]]);
  }
  return [...bits];
}

const interfaceOf = (rows, types) =>
  rows
    .flatMap(({ name, doc, fields }) => [
      ...(doc.length ? [`  /** ${doc.join(' ')} */`] : []),
      `  ${name}: { ${fields.map((f) => `${f.name}: ${types[f.kind]}`).join('; ')} };`,
    ])
    .join('\n')
    .replace(/\{ {2}\}/g, '{ [none: string]: never }');
const fieldsOf = ({ fields }) =>
  `[${fields.map((f) => `['${f.name}', '${f.kind.toLowerCase()}']`).join(', ')}]`;
const kindsOf = (types) =>
  Object.keys(types)
    .map((k) => `'${k.toLowerCase()}'`)
    .join(' | ');

function renderSteps(steps, flags) {
  const row = (s, i) =>
    `  ${s.name}: { code: ${i + 1}, lane: '${s.rest[0].toLowerCase()}', fields: ${fieldsOf(s)} },`;
  return `// Generated from native/steps.def by scripts/gen-steps.mjs: edit that file, then run npm run build.

/** The arguments of each step, by its name. */
export interface StepArgs {
${interfaceOf(steps, kinds)}
}

export type FieldKind = ${kindsOf(kinds)};

/** Opcode, lane and wire fields of each step, in wire order. */
export const STEPS = {
${steps.map(row).join('\n')}
} as const satisfies Record<
  keyof StepArgs,
  { code: number; lane: 'host' | 'container' | 'both'; fields: readonly (readonly [string, FieldKind])[] }
>;

/** The bits of a step's \`flags\` (of openTree: \`recursive\`), by its name. */
export const FLAGS = {
${flags.map(([step, bits]) => `  ${step}: {\n${bits.map(([flag, bit, doc]) => `    /** ${doc} */\n    ${flag}: ${bit},`).join('\n')}\n  },`).join('\n')}
} as const;
`;
}

function renderMessages(messages) {
  const row = (m) =>
    `  ${m.name}: { kind: ${m.rest[0]}, way: '${m.rest[1].toLowerCase()}', fields: ${fieldsOf(m)} },`;
  return `// Generated from native/monitor.def by scripts/gen-steps.mjs: edit that file, then run npm run build.
import type { FieldKind } from '../../plan/steps.gen.ts';

/** The fields of each message, by its name. */
export interface Messages {
${interfaceOf(messages, messageKinds)}
}

/** Kind, way and wire fields of each message, in wire order; \`raw\` is the rest of a frame. */
export const MESSAGES = {
${messages.map(row).join('\n')}
} as const satisfies Record<
  keyof Messages,
  { kind: number; way: 'to' | 'from'; fields: readonly (readonly [string, FieldKind | 'raw'])[] }
>;
`;
}

const read = (path) => readFileSync(at(path), 'utf8');
/** A plan of every step, its arguments empty; ARCHITECTURE.md, "The wire". */
function seedOf(steps) {
  const widths = { U64: 8, I64: 8, STR: 8 };
  const encoded = steps.map(({ rest, fields }, index) => {
    const payload = fields.map(({ kind }) => Buffer.alloc(widths[kind] ?? 4, kind === 'SLOT' ? 0xff : 0));
    const bytes = Buffer.concat([Buffer.alloc(8), ...payload]);
    bytes.writeUInt16LE(index + 1, 0);
    bytes.writeUInt8(rest[0] === 'CONTAINER' ? 2 : 1, 2);
    bytes.writeUInt32LE(bytes.length - 8, 4);
    return bytes;
  });
  const header = Buffer.alloc(288, 0xff).fill(0, 0, 20).fill(0, 24, 32);
  const plan = Buffer.concat([header, ...encoded]);
  plan.write('TRPL', 'latin1');
  for (const [index, word] of [1, plan.length, steps.length].entries())
    plan.writeUInt32LE(word, 4 + 4 * index);
  return plan;
}

const steps = parse(read('native/steps.def'), STEP, kinds);
const flags = flagsOf(read('native/steps.def'), steps);
const generated = [
  ['native/steps.def', 'src/plan/steps.gen.ts', renderSteps(steps, flags)],
  ['native/steps.def', 'native/test/corpus/every-step', seedOf(steps)],
  [
    'native/monitor.def',
    'src/runtime/monitor/messages.gen.ts',
    renderMessages(parse(read('native/monitor.def'), MESSAGE, messageKinds)),
  ],
];
// the build imports it, and has flags of its own
const { check } = isMain(import.meta.url)
  ? readArguments({ options: { check: { type: 'boolean' } } }).values
  : {};
for (const [source, path, content] of generated) {
  const target = at(path);
  if (existsSync(target) && readFileSync(target).equals(Buffer.from(content))) continue;
  if (check) {
    console.error(`${path} differs from ${source}: run npm run build`);
    process.exitCode = 1;
  } else writeFileSync(target, content);
}
