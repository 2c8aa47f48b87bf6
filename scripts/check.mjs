// npm run check: what can be said of the sources without running them. Prints each finding, and counts the checks.
import { spawnSync } from 'node:child_process';

const bin = (name) => `node_modules/.bin/${name}`;
const CHECKS = [
  ['types (tsc, strict)', bin('tsc'), '-p', '.'],
  ['lint and format (Biome)', bin('biome'), 'check', '--error-on-warnings', '.'],
  ['the .gen.ts are what the .def say', process.execPath, 'scripts/gen-steps.mjs', '--check'],
  [
    'step numbers in how-run-works.md are those of the plan',
    process.execPath,
    'scripts/steps-doc.mjs',
    '--check',
  ],
  ['imports run one way', bin('vitest'), 'run', '--project', 'unit', 'test/unit/imports.test.ts'],
];

let failed = 0;
for (const [name, file, ...args] of CHECKS) {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name}`);
  if (status === 0) continue;
  failed++;
  process.stdout.write(`${stdout ?? ''}${stderr ?? ''}`);
}
console.log(`${CHECKS.length - failed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed > 0 ? 1 : 0;
