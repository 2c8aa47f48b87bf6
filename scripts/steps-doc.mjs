// Numbers of steps in docs/how-run-works.md, from the plan that test/golden/plan/tinyrun-run.txt has of such a run:
// `node scripts/steps-doc.mjs` writes them, `--check` tells whether they are right. A quoted line is found by its lane and
// its call, or by what is before the call's first argument; in the text a number is written `step <!--op-->9`.

import { readFileSync, writeFileSync } from 'node:fs';
import { isMain, readArguments } from './lib/usage.mjs';

const GOLDEN = new URL('../test/golden/plan/tinyrun-run.txt', import.meta.url);
const PAGE = new URL('../docs/how-run-works.md', import.meta.url);

/** The steps of a golden plan: a line of --explain, and below it the step as JSON by its op. */
function readPlan(text) {
  const found = text.matchAll(/^ *(\d+) {2}(host|container) +(.*?) {2}# .*\n +\{"(\w+)"/gm);
  return [...found].map(([, number, lane, call, op]) => ({ number: Number(number), lane, call, op }));
}

/** The page's line shortens calls and has paths of its own: as much as both have in common decides. */
function find(steps, lane, quoted) {
  const call = quoted.split(/ {2}# /)[0].replace(/….*$/s, '');
  for (const length of [call.length, 40, 26, 12]) {
    const key = call.slice(0, length);
    const found = steps.find((step) => step.lane === lane && step.call.startsWith(key));
    if (found) return found;
  }
  return undefined;
}

/** The page with the numbers of the plan. @throws when it quotes a step that the plan has not */
export function renumber(page, golden) {
  const steps = readPlan(golden);
  let last = 0;
  const lines = page.replace(
    /^( *\d+)( {2})(host|container)( +(?:[\d.]+ µs {2}ok {4})?)(.*)$/gm,
    (...all) => {
      const [line, number, gap, lane, between, call] = all;
      // a list goes up; where it does not, a new one begins
      const step =
        find(
          steps.filter((each) => each.number > last),
          lane,
          call,
        ) ?? find(steps, lane, call);
      if (!step) throw new Error(`docs/how-run-works.md quotes a step that is not in the plan: ${line}`);
      last = step.number;
      return `${String(step.number).padStart(number.length)}${gap}${lane}${between}${call}`;
    },
  );
  const count = (lane) => steps.filter((step) => step.lane === lane).length;
  return lines
    .replace(/(<!--(\w+)-->)\d+/g, (_, mark, op) => {
      const step = steps.find((each) => each.op === op);
      if (!step) throw new Error(`docs/how-run-works.md names a step that is not in the plan: ${op}`);
      return `${mark}${step.number}`;
    })
    .replace(/\d+ steps: \d+ on the host, \d+ in the container/g, () => {
      return `${steps.length} steps: ${count('host')} on the host, ${count('container')} in the container`;
    })
    .replace(/a list of \d+ kernel operations/, `a list of ${steps.length} kernel operations`);
}

if (isMain(import.meta.url)) {
  const { check } = readArguments({ options: { check: { type: 'boolean' } } }).values;
  const page = readFileSync(PAGE, 'utf8');
  const right = renumber(page, readFileSync(GOLDEN, 'utf8'));
  if (!check) writeFileSync(PAGE, right);
  else if (right !== page) {
    console.error(
      'numbers of steps in docs/how-run-works.md are not those of the plan: node scripts/steps-doc.mjs',
    );
    process.exitCode = 1;
  }
}
