// Writes src/plan/steps.gen.ts from native/steps.def. `--check` exits 1 when the file on disk differs.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

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

function parse(text) {
  const steps = [];
  let comment = [];
  for (const line of text.split('\n')) {
    const step = /^STEP\((\w+), (HOST|CONTAINER|BOTH)\)(.*)END$/.exec(line);
    if (step) {
      const fields = [...step[3].matchAll(/(\w+)\((\w+)\)/g)].map(([, kind, name]) => ({ kind, name }));
      for (const f of fields) if (!kinds[f.kind]) throw new Error(`${step[1]}: unknown field kind ${f.kind}`);
      steps.push({ name: step[1], lane: step[2].toLowerCase(), fields, doc: comment });
      comment = [];
    } else if (line.startsWith('// ') && !line.startsWith('// ----')) comment.push(line.slice(3));
    else if (line.startsWith('STEP')) throw new Error(`a step must stand on one line: ${line}`);
    else comment = [];
  }
  return steps;
}

function render(steps) {
  const type = (s) =>
    [
      s.doc.length ? `  /** ${s.doc.join(' ')} */` : '',
      `  ${s.name}: { ${s.fields.map((f) => `${f.name}: ${kinds[f.kind]}`).join('; ')} };`,
    ]
      .filter(Boolean)
      .join('\n');
  const row = (s, i) =>
    `  ${s.name}: { code: ${i + 1}, lane: '${s.lane}', fields: [${s.fields.map((f) => `['${f.name}', '${f.kind.toLowerCase()}']`).join(', ')}] },`;
  return `// Generated from native/steps.def by scripts/gen-steps.mjs: edit that file, then run npm run build.

/** The arguments of each step, by its name. */
export interface StepArgs {
${steps
  .map(type)
  .join('\n')
  .replace(/\{ {2}\}/g, '{ [none: string]: never }')}
}

export type FieldKind = ${Object.keys(kinds)
    .map((k) => `'${k.toLowerCase()}'`)
    .join(' | ')};

/** Opcode, lane and wire fields of each step, in wire order. */
export const STEPS = {
${steps.map(row).join('\n')}
} as const satisfies Record<
  keyof StepArgs,
  { code: number; lane: 'host' | 'container' | 'both'; fields: readonly (readonly [string, FieldKind])[] }
>;
`;
}

const target = at('src/plan/steps.gen.ts');
const text = render(parse(readFileSync(at('native/steps.def'), 'utf8')));
const same = existsSync(target) && readFileSync(target, 'utf8') === text;
if (process.argv.includes('--check')) {
  if (!same) {
    console.error('src/plan/steps.gen.ts differs from native/steps.def: run npm run build');
    process.exit(1);
  }
} else if (!same) writeFileSync(target, text);
